// How each kind of node looks. A node's name is a link to where it is edited.

import { ActionIcon } from '@mantine/core'
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import { createContext, memo, type ReactNode, useContext } from 'react'
import { pointerOf } from '~/draft/issues'
import { useMessages } from '~/i18n'
import { type Health, stateMessages } from '~/ui/health'
import { EntityLink } from '../links'
import type { BackendNode, FrontendNode, RuleNode, ServerNode } from './graph'
import { messages } from './messages'
import classes from './topology.module.css'

/** Shows or hides the servers of a backend. */
export const Toggle = createContext<(backendId: string) => void>(() => {})

type Of<D extends object> = NodeProps<Node<D & Record<string, unknown>>>

function Box({ health = 'idle', off, children }: { health?: Health; off?: boolean; children: ReactNode }) {
  return (
    <div className={classes.node} data-health={health} data-off={off || undefined}>
      <Handle type="target" position={Position.Left} isConnectable={false} className={classes.handle} />
      {children}
      <Handle type="source" position={Position.Right} isConnectable={false} className={classes.handle} />
    </div>
  )
}

function Words({ name, more, title }: { name: ReactNode; more: string; title?: string }) {
  return (
    <span className={classes.words}>
      <span className={classes.name} {...(title && { title })}>
        {name}
      </span>
      <span className={classes.more} title={more}>
        {more}
      </span>
    </span>
  )
}

const Frontend = memo(function Frontend({ data }: Of<FrontendNode>) {
  const t = useMessages(messages)
  const { frontend } = data
  const binds = frontend.binds.map((bind) => bind.address).join(', ')
  return (
    <Box off={!frontend.enabled}>
      <Words
        name={
          <EntityLink section="frontends" id={frontend.id}>
            {frontend.name}
          </EntityLink>
        }
        more={frontend.enabled ? binds : `${t('off')} · ${binds}`}
      />
    </Box>
  )
})

const Rule = memo(function Rule({ data }: Of<RuleNode>) {
  const t = useMessages(messages)
  const { link, frontendId, words } = data
  const [name, more] = words()
  return (
    <Box off={!link.active}>
      <Words
        title={name}
        name={
          <EntityLink section="frontends" id={frontendId} field={pointerOf(link.path)}>
            {name}
          </EntityLink>
        }
        more={link.active ? more : `${t('off')} · ${more}`}
      />
    </Box>
  )
})

const Backend = memo(function Backend({ data }: Of<BackendNode>) {
  const t = useMessages(messages)
  const toggle = useContext(Toggle)
  const { backend, down, expanded, health } = data
  const count = backend.servers.length
  const Icon = expanded ? IconChevronLeft : IconChevronRight
  return (
    <Box health={health}>
      <Words
        name={
          <EntityLink section="backends" id={backend.id}>
            {backend.name}
          </EntityLink>
        }
        more={down > 0 ? t('down', { down, count }) : t('servers', { count })}
      />
      {count > 0 && (
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          className="nodrag nopan"
          aria-expanded={expanded}
          aria-label={t(expanded ? 'hide' : 'show', { name: backend.name })}
          onClick={(event) => {
            event.stopPropagation()
            toggle(backend.id)
          }}
        >
          <Icon size={15} />
        </ActionIcon>
      )}
    </Box>
  )
})

const Server = memo(function Server({ data }: Of<ServerNode>) {
  const t = useMessages(messages)
  const s = useMessages(stateMessages)
  return (
    <Box health={data.health}>
      <Words
        name={data.name}
        title={data.name}
        more={`${data.state ? s(data.state) : t('unknown')} · ${data.address}`}
      />
    </Box>
  )
})

export const nodeTypes = { frontend: Frontend, rule: Rule, backend: Backend, server: Server }
