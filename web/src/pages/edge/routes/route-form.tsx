import { Button, Group, Select, Stack, TagsInput, TextInput } from '@mantine/core'
import { type FormEvent, useMemo, useState } from 'react'
import type { Document } from '~/api/schema'
import { addRoute, changeRoute, type Problem, problemsOf, type Route, type Wanted } from '~/draft/routes'
import { draft } from '~/draft/store'
import { useMessages } from '~/i18n'
import { Dialog } from '~/ui/dialog'
import { Gradually } from '~/ui/soon'
import { messages as shared } from '../messages'
import { messages } from './messages'

const ABOUT: Record<Problem, 'hosts' | 'path' | 'frontend' | 'backend'> = {
  noHosts: 'hosts',
  badHost: 'hosts',
  mixed: 'hosts',
  taken: 'hosts',
  badPath: 'path',
  noFrontend: 'frontend',
  noBackend: 'backend',
}

/** A new route, or one that is changed. Nothing happens before it is taken over, and then it is one edit of the draft. */
export function RouteForm({ document, route, close }: { document: Document; route?: Route; close: () => void }) {
  const t = useMessages(messages)
  const s = useMessages(shared)
  const { frontends, backends } = useMemo(() => choices(document), [document])
  const [wanted, setWanted] = useState<Wanted>(() =>
    route
      ? { frontendId: route.frontendId, hosts: route.hosts, pathPrefix: route.pathPrefix, backendId: route.backendId }
      : { frontendId: frontends[0]?.value ?? '', hosts: [], pathPrefix: '', backendId: '' },
  )
  const [tried, setTried] = useState(false)
  const { ref, problems } = useMemo(() => {
    const ref = route?.ruleId ? { frontendId: route.frontendId, ruleId: route.ruleId } : undefined
    return { ref, problems: problemsOf(document, wanted, ref) }
  }, [document, route, wanted])
  const errorOf = (about: 'hosts' | 'path' | 'frontend' | 'backend') => {
    const found = problems.find(({ problem, of }) => ABOUT[problem] === about && (tried || of !== ''))
    return found && t(found.problem, { of: found.of.slice(0, 80) })
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (problems.length > 0) return
    close()
    // A task of its own: closing a dialog and taking in a change of a large document each take a good part of a frame.
    setTimeout(() => draft.edit((now) => (ref ? changeRoute(now, ref, wanted) : addRoute(now, wanted))))
  }
  const set = (part: Partial<Wanted>) => setWanted((now) => ({ ...now, ...part }))
  return (
    <Dialog opened onClose={close} title={t(route ? 'editTitle' : 'addTitle')}>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          <Gradually atOnce={1}>
            <TagsInput
              label={t('hosts')}
              description={t('hostsHelp')}
              placeholder={wanted.hosts.length === 0 ? t('hostsPlaceholder') : ''}
              value={wanted.hosts}
              onChange={(hosts) => set({ hosts: hosts.map((host) => host.trim()).filter((host) => host !== '') })}
              splitChars={[',', ' ', '\n']}
              error={errorOf('hosts')}
              acceptValueOnBlur
              required
              size="sm"
              data-autofocus
            />
            <TextInput
              label={t('pathPrefix')}
              description={t('pathHelp')}
              placeholder="/api"
              value={wanted.pathPrefix}
              onChange={(event) => set({ pathPrefix: event.currentTarget.value })}
              error={errorOf('path')}
              spellCheck={false}
            />
            <Select
              label={t('backend')}
              data={backends}
              value={wanted.backendId || null}
              onChange={(id) => set({ backendId: id ?? '' })}
              error={errorOf('backend')}
              searchable
              limit={100}
              required
            />
            <Select
              label={t('frontend')}
              description={t('frontendHelp')}
              data={frontends}
              value={wanted.frontendId || null}
              onChange={(id) => set({ frontendId: id ?? '' })}
              error={errorOf('frontend')}
              allowDeselect={false}
              searchable
              limit={100}
              required
            />
            <Group justify="flex-end" mt="xs">
              <Button variant="default" onClick={close}>
                {s('cancel')}
              </Button>
              <Button type="submit">{t('save')}</Button>
            </Group>
          </Gradually>
        </Stack>
      </form>
    </Dialog>
  )
}

/** What a route can be of and lead to. */
function choices({ haproxy }: Document) {
  const choice = ({ id, name }: { id: string; name: string }) => ({ value: id, label: name })
  return {
    frontends: haproxy.frontends.filter((frontend) => frontend.mode === 'http').map(choice),
    backends: haproxy.backends.map(choice),
  }
}
