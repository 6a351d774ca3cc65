// The rules of a frontend: one list for each phase, put in order by dragging or by the keyboard.

import {
  type Announcements,
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core'
import { arrayMove, SortableContext, sortableKeyboardCoordinates, verticalListSortingStrategy } from '@dnd-kit/sortable'
import { Badge, Button, Group, Paper, SegmentedControl, Stack, Text } from '@mantine/core'
import { IconListCheck, IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { memo, type ReactNode, useMemo, useRef, useState } from 'react'
import { queries } from '~/api/queries'
import type { Frontend, HttpRequestRule } from '~/api/schema'
import { useList } from '~/draft/hooks'
import { isObject, type Json, type Path } from '~/draft/json'
import { useMessages } from '~/i18n'
import { type Definitions, initial } from '~/schema/schema'
import { SchemaForm } from '~/schema/schema-form'
import { SidePanel } from '~/ui/dialog'
import { Empty } from '~/ui/states'
import { stripped, within } from '../part'
import { messages } from './messages'
import { type Phase, phasesOf, RULES } from './phases'
import { RuleRow } from './rule-row'

interface Props {
  frontend: Frontend
  change: (path: Path, value: Json) => void
  issues: ReadonlyMap<string, string>
  focus: string | undefined
  readOnly: boolean
}

/** What all rules have, whatever their phase. */
export type Rule = Pick<HttpRequestRule, 'id' | 'enabled' | 'condition' | 'name'> & { action: Json }

export function Rules({ frontend, change, issues, focus, readOnly }: Props) {
  const t = useMessages(messages)
  const schema = useQuery(queries.schema())
  const phases = phasesOf(frontend.mode, frontend.rulePhases)
  const wanted = /^\/rulePhases\/(\w+)(?:\/(\d+))?/.exec(focus ?? '')
  const [phase, setPhase] = useState<Phase>(
    phases.find((each) => each === wanted?.[1]) ??
      phases.find((each) => frontend.rulePhases[each].length > 0) ??
      (frontend.mode === 'http' ? 'httpRequest' : 'tcpRequestContent'),
  )
  const rules = frontend.rulePhases[phase] as readonly Rule[]
  const [open, setOpen] = useState<string | null>(() => rules[Number(wanted?.[2])]?.id ?? null)
  const backends = useList('backends')
  const nameOf = useMemo(() => {
    const names = new Map(backends.map((backend) => [backend.id, backend.name]))
    return (id: string) => names.get(id) ?? id
  }, [backends])
  const put = (next: readonly Rule[]) => change(['rulePhases', phase], next)
  const label = (rule: Rule) => rule.name || rule.id

  const add = () => {
    const made = initial((schema.data?.$defs ?? {}) as Definitions, { $ref: `#/$defs/${RULES[phase]}` })
    if (!isObject(made)) return
    const id = freshRuleId(rules)
    put([...rules, { ...(made as unknown as Rule), id }])
    setOpen(id)
  }
  const at = rules.findIndex((rule) => rule.id === open)
  const opened = rules[at]
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-end">
        <SegmentedControl
          aria-label={t('phases')}
          value={phase}
          onChange={(next) => setPhase(next as Phase)}
          data={phases.map((each) => ({
            value: each,
            label: (
              <Group gap={6} wrap="nowrap" justify="center">
                {t(`phase.${each}`)}
                {frontend.rulePhases[each].length > 0 && (
                  <Badge size="xs" variant="light" color="gray">
                    {frontend.rulePhases[each].length}
                  </Badge>
                )}
              </Group>
            ),
          }))}
          style={{ maxWidth: '100%', overflowX: 'auto' }}
        />
        {!readOnly && (
          <Button leftSection={<IconPlus size={15} />} onClick={add} disabled={!schema.data}>
            {t('addRule')}
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed">
        {t(`phaseHelp.${phase}`)}
      </Text>
      <Paper p={0}>
        {rules.length === 0 ? (
          <Empty icon={<IconListCheck size={32} stroke={1.4} />} title={t('noRules')}>
            {t('noRulesText')}
          </Empty>
        ) : (
          <Sortable rules={rules} put={put} label={label}>
            <Visible
              rules={rules}
              row={(rule, i) => (
                <RuleRow
                  rule={rule}
                  label={label(rule)}
                  backendName={nameOf}
                  readOnly={readOnly}
                  issue={[...issues].find(([pointer]) => `${pointer}/`.startsWith(`/rulePhases/${phase}/${i}/`))?.[1]}
                  open={() => setOpen(rule.id)}
                  toggle={(enabled) => change(['rulePhases', phase, i, 'enabled'], enabled)}
                  duplicate={() =>
                    put([...rules.slice(0, i + 1), { ...rule, id: freshRuleId(rules) }, ...rules.slice(i + 1)])
                  }
                  remove={() => put(rules.filter((other) => other.id !== rule.id))}
                />
              )}
            />
          </Sortable>
        )}
      </Paper>
      <SidePanel
        opened={opened !== undefined}
        onClose={() => setOpen(null)}
        size="xl"
        title={opened ? t('ruleTitle', { name: label(opened).slice(0, 80) }) : ''}
      >
        {opened && (
          <SchemaForm
            key={`${phase}/${opened.id}`}
            def={RULES[phase]}
            value={opened}
            change={(path, value) => change(['rulePhases', phase, at, ...path], value)}
            readOnly={readOnly}
            issues={within(issues, `/rulePhases/${phase}/${at}`)}
            focus={stripped(focus, `/rulePhases/${phase}/${at}`)}
            layout={{
              hide: ['id'],
              groups: [
                { title: t('action'), fields: ['action'] },
                { title: t('condition'), fields: ['condition'] },
                { title: t('naming'), fields: ['name', 'enabled'] },
              ],
            }}
          />
        )}
      </SidePanel>
    </Stack>
  )
}

function freshRuleId(rules: readonly Rule[]): string {
  const taken = new Set(rules.map((rule) => rule.id))
  for (let n = rules.length + 1; ; n++) if (!taken.has(`rule-${n}`)) return `rule-${n}`
}

type DrawRow = (rule: Rule, index: number) => ReactNode

/** The rows that can be seen, and a few around them: a frontend may have thousands of rules. */
function Visible({ rules, row }: { rules: readonly Rule[]; row: DrawRow }) {
  const list = useRef<HTMLDivElement>(null)
  const virtual = useWindowVirtualizer({
    count: rules.length,
    estimateSize: () => 45,
    overscan: 5,
    // Known from the start, so that the rows are drawn with the rest and not all at once after it.
    initialRect: { width: window.innerWidth, height: window.innerHeight },
    scrollMargin: list.current?.offsetTop ?? 0,
    getItemKey: (index) => rules[index]?.id ?? index,
  })
  const items = virtual.getVirtualItems()
  const above = items[0] ? items[0].start - virtual.options.scrollMargin : 0
  const shown = items.reduce((sum, item) => sum + item.size, 0)
  return (
    <div ref={list} style={{ paddingTop: above, paddingBottom: Math.max(0, virtual.getTotalSize() - above - shown) }}>
      {items.map(({ key, index }) => {
        const rule = rules[index]
        return (
          rule && (
            <div key={key} ref={virtual.measureElement} data-index={index}>
              <Line rule={rule} index={index} row={row} />
            </div>
          )
        )
      })}
    </div>
  )
}

/** One row; while others are scrolled in and out, it is not drawn again. */
const Line = memo(function Line({ rule, index, row }: { rule: Rule; index: number; row: DrawRow }) {
  return row(rule, index)
})

function Sortable({
  rules,
  put,
  label,
  children,
}: {
  rules: readonly Rule[]
  put: (next: readonly Rule[]) => void
  label: (rule: Rule) => string
  children: ReactNode
}) {
  const t = useMessages(messages)
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 4 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  )
  const ids = rules.map((rule) => rule.id)
  const name = (id: string | number) => {
    const rule = rules.find((each) => each.id === id)
    return rule ? label(rule) : String(id)
  }
  const place = (id: string | number | undefined) => (id === undefined ? 0 : ids.indexOf(String(id)) + 1)
  const announcements: Announcements = {
    onDragStart: ({ active }) => t('dragStart', { name: name(active.id) }),
    onDragOver: ({ active, over }) => t('dragOver', { name: name(active.id), place: place(over?.id) }),
    onDragEnd: ({ active, over }) => t('dragEnd', { name: name(active.id), place: place(over?.id) }),
    onDragCancel: ({ active }) => t('dragCancel', { name: name(active.id) }),
  }
  const end = ({ active, over }: DragEndEvent) => {
    const [from, to] = [ids.indexOf(String(active.id)), over ? ids.indexOf(String(over.id)) : -1]
    if (from >= 0 && to >= 0 && from !== to) put(arrayMove([...rules], from, to))
  }
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      onDragEnd={end}
      accessibility={{ announcements, screenReaderInstructions: { draggable: '' } }}
    >
      <SortableContext items={ids} strategy={verticalListSortingStrategy}>
        {children}
      </SortableContext>
    </DndContext>
  )
}
