// References between parts of keepalived, chosen from what is there.

import { Box, MultiSelect, Text } from '@mantine/core'
import { useList } from '~/draft/hooks'
import { pointerOf } from '~/draft/issues'
import type { ListSection } from '~/draft/sections'
import { useForm } from '~/schema/context'
import { Spot } from '~/schema/field'
import { useWords } from '~/schema/labels'
import type { WidgetProps } from '~/schema/schema-form'

function References({ section, def, path, value, node }: WidgetProps & { section: ListSection; def: string }) {
  const { change, readOnly, issues } = useForm()
  const words = useWords()
  const list = useList(section) as readonly { id: string; name?: string }[]
  const chosen = Array.isArray(value) ? value.map(String) : []
  const known = new Set(list.map((entity) => entity.id))
  const { label, help } = words(def, String(path.at(-1)), node)
  if (readOnly) {
    const names = chosen.map((id) => list.find((entity) => entity.id === id)?.name ?? id)
    return (
      <Box>
        <Text size="sm" fw={500}>
          {label}
        </Text>
        <Text size="sm">{names.join(', ') || '–'}</Text>
      </Box>
    )
  }
  return (
    <Spot path={path} wide>
      <MultiSelect
        label={label}
        description={help}
        error={issues.get(pointerOf(path))}
        data={[
          ...list.map((entity) => ({ value: entity.id, label: entity.name ?? entity.id })),
          ...chosen.filter((id) => !known.has(id)).map((id) => ({ value: id, label: id })),
        ]}
        value={chosen}
        onChange={(next) => change(path, next)}
        searchable
        size="sm"
      />
    </Spot>
  )
}

function TrackScripts(props: WidgetProps) {
  return <References {...props} section="keepalived.trackScripts" def="VrrpInstance" />
}

function Instances(props: WidgetProps) {
  return <References {...props} section="keepalived.instances" def="SyncGroup" />
}

export const REFERENCE_WIDGETS = { trackScriptIds: TrackScripts, instanceIds: Instances }
