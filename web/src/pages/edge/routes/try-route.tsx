// One request through a live route, sent by the daemon from its own machine.

import { Code, Loader, Popover, Stack, Text } from '@mantine/core'
import { IconPlayerPlay } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useMemo, useState } from 'react'
import { api, unwrap } from '~/api/client'
import { useDraft } from '~/draft/hooks'
import { isSameRoute, listRoutes, type Route } from '~/draft/routes'
import { useMessages } from '~/i18n'
import { State } from '~/ui/small'
import { useExplain } from '~/ui/states'
import { Tool } from '~/ui/tool'
import { messages } from './messages'

/** Whether a route is live as it is in the draft: only such a one can be tried. */
export function useIsLive(): (route: Route) => boolean {
  const { base } = useDraft()
  return useMemo(() => {
    const live = new Map(base ? listRoutes(base).map((route) => [route.key, route]) : [])
    return (route: Route) => isSameRoute(route, live.get(route.key))
  }, [base])
}

/** A name that a pattern stands for. */
function hostOf(route: Route): string {
  return (route.hosts[0] ?? '').replace(/^\*\./, 'www.')
}

const BEGINNING = 400

export function TryRoute({ route, isLive }: { route: Route; isLive: boolean }) {
  const t = useMessages(messages)
  const [asked, setAsked] = useState(0)
  if (!isLive || !route.enabled || !route.ruleId || route.hosts.length === 0) return null
  const button = (
    <Tool
      label={`${t('try')}: ${hostOf(route)}${route.pathPrefix}`}
      title={t('try')}
      onClick={() => setAsked((times) => times + 1)}
    >
      <IconPlayerPlay size={16} />
    </Tool>
  )
  // What shows the answer is made when it is first asked for: a table has thousands of routes.
  return asked === 0 ? button : <Answer route={route} asked={asked} button={button} close={() => setAsked(0)} />
}

function Answer({
  route,
  asked,
  button,
  close,
}: {
  route: Route
  /** How often it was asked for. */
  asked: number
  button: ReactNode
  close: () => void
}) {
  const t = useMessages(messages)
  const explain = useExplain()
  const probe = useQuery({
    queryKey: ['probe', route.key, asked],
    queryFn: () =>
      unwrap(
        api.POST('/api/haproxy/probe', {
          body: { frontend: route.frontendId, host: hostOf(route), path: route.pathPrefix || '/' },
        }),
      ),
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const answer = probe.data
  return (
    <Popover opened onChange={(opened) => !opened && close()} position="bottom-end" width={360} shadow="md" withArrow>
      <Popover.Target>{button}</Popover.Target>
      <Popover.Dropdown aria-label={`${t('try')}: ${hostOf(route)}${route.pathPrefix}`}>
        <Stack gap={6} role="status">
          {probe.isPending && (
            <Text size="sm">
              <Loader size={13} mr={8} />
              {t('trying')}
            </Text>
          )}
          {probe.error && <Text size="sm">{t('tryFailed', { reason: explain(probe.error) })}</Text>}
          {answer && (
            <>
              <State is={!answer.ok ? 'act' : (answer.status ?? 500) < 500 ? 'good' : 'look'}>
                {answer.ok
                  ? t('tried', { status: String(answer.status ?? ''), ms: answer.durationMs })
                  : t('tryFailed', { reason: answer.error ?? '' })}
              </State>
              <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                {`${answer.url} → ${answer.address}`}
              </Text>
              {answer.bodyStart && (
                <Code block mah={140} style={{ overflow: 'auto', whiteSpace: 'pre-wrap' }} tabIndex={0}>
                  {answer.bodyStart.slice(0, BEGINNING)}
                </Code>
              )}
            </>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
