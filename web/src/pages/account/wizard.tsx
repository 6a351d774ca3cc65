// The first run in four steps: a backend, a frontend, a route, and a request that goes through. Every step is an edit of the
// draft, so leaving the page loses nothing and the usual review shows the same.

import {
  Alert,
  Button,
  Group,
  NumberInput,
  Paper,
  Radio,
  Stack,
  Stepper,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { type FormEvent, type ReactNode, useState } from 'react'
import { queries } from '~/api/queries'
import type { Bind, Frontend } from '~/api/schema'
import { useMay } from '~/app/session'
import { freshId, putEntity, useDocument, useList } from '~/draft/hooks'
import { addRoute, problemsOf } from '~/draft/routes'
import { draft } from '~/draft/store'
import { useMessages } from '~/i18n'
import { serversOf } from '~/pages/edge/backends/paste'
import { freePort } from '~/pages/edge/frontends/list'
import { type Definitions, initial } from '~/schema/schema'
import { Page } from '~/ui/page'
import { Pending } from '~/ui/states'
import { GoLive } from './wizard-live'
import { messages } from './wizard-messages'

const here = getRouteApi('/shell/welcome')

export function WizardPage() {
  const t = useMessages(messages)
  const may = useMay('edge:state:write')
  const document = useDocument()
  const search = here.useSearch()
  const navigate = here.useNavigate()
  const step = search.step ?? 1
  const go = (next: typeof search) => void navigate({ search: { ...search, ...next } })
  if (!document) return <Pending />
  return (
    <Page title={t('title')} description={t('description')}>
      {may ? (
        <>
          <Stepper
            active={step - 1}
            size="sm"
            aria-label={t('steps')}
            allowNextStepsSelect={false}
            onStepClick={(at) => go({ step: at + 1 })}
          >
            <Stepper.Step label={t('step.1')} />
            <Stepper.Step label={t('step.2')} />
            <Stepper.Step label={t('step.3')} />
            <Stepper.Step label={t('step.4')} />
          </Stepper>
          <Paper p="lg">
            {step === 1 && <BackendStep next={(backend) => go({ step: 2, backend })} />}
            {step === 2 && <FrontendStep next={(frontend) => go({ step: 3, frontend })} back={() => go({ step: 1 })} />}
            {step === 3 && (
              <RouteStep
                backend={search.backend ?? ''}
                frontend={search.frontend ?? ''}
                next={(host) => go({ step: 4, host })}
                back={() => go({ step: 2 })}
              />
            )}
            {step === 4 && (
              <GoLive frontend={search.frontend ?? ''} host={search.host ?? ''} back={() => go({ step: 3 })} />
            )}
          </Paper>
        </>
      ) : (
        <Alert color="blue">{t('mayNot')}</Alert>
      )}
    </Page>
  )
}

function Step({
  text,
  submit,
  back,
  children,
}: {
  text: string
  submit: () => void
  back?: () => void
  children: ReactNode
}) {
  const t = useMessages(messages)
  return (
    <form
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        submit()
      }}
    >
      <Stack maw={560}>
        <Text size="sm">{text}</Text>
        {children}
        <Group>
          {back && (
            <Button variant="default" onClick={back}>
              {t('back')}
            </Button>
          )}
          <Button type="submit">{t('next')}</Button>
        </Group>
      </Stack>
    </form>
  )
}

function BackendStep({ next }: { next: (id: string) => void }) {
  const t = useMessages(messages)
  const backends = useList('backends')
  const [name, setName] = useState('')
  const [text, setText] = useState('')
  const [tried, setTried] = useState(false)
  const { servers, bad } = serversOf(text, new Set())
  const nameError = backends.some((backend) => backend.name === name)
    ? t('nameTaken')
    : /^[A-Za-z0-9._:-]{1,64}$/.test(name)
      ? undefined
      : t('nameBad')
  const [wrong] = bad
  const serversError = wrong ? t('serversBad', { ...wrong }) : servers.length === 0 ? t('serversNone') : undefined
  const submit = () => {
    setTried(true)
    if (nameError || serversError) return
    const id = freshId('backends', name)
    putEntity('backends', {
      id,
      name,
      mode: 'http',
      balance: 'roundrobin',
      servers: servers.map((server) => ({ ...server, check: true })),
      forwardFor: false,
      options: [],
      advancedDirectives: [],
      timeouts: {},
    })
    next(id)
  }
  return (
    <Step text={t('backendText')} submit={submit}>
      <TextInput
        label={t('backendName')}
        required
        autoFocus
        spellCheck={false}
        autoComplete="off"
        value={name}
        error={(tried || name !== '') && nameError}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Textarea
        label={t('servers')}
        description={t('serversHelp')}
        required
        autosize
        minRows={3}
        spellCheck={false}
        placeholder="10.0.0.5:8080"
        classNames={{ input: 'mono' }}
        value={text}
        error={(tried || wrong) && serversError}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </Step>
  )
}

function FrontendStep({ next, back }: { next: (id: string) => void; back: () => void }) {
  const t = useMessages(messages)
  const document = useDocument()
  const schema = useQuery(queries.schema())
  const frontends = useList('frontends').filter((frontend) => frontend.mode === 'http' && frontend.enabled)
  const [choice, setChoice] = useState(frontends[0]?.id ?? '')
  const [name, setName] = useState('web')
  const [port, setPort] = useState<string | number>(() => Number(freePort(frontends).slice(1)))
  const isNew = choice === ''
  const submit = () => {
    if (!isNew) return next(choice)
    const id = freshId('frontends', name)
    const made = initial((schema.data?.$defs ?? {}) as Definitions, { $ref: '#/$defs/Frontend' })
    putEntity('frontends', {
      ...(made as Frontend),
      id,
      name: id,
      fromDefaults: document?.haproxy.defaultsBlocks[0]?.id ?? '',
      binds: [{ id: 'main', address: `:${port}` } as Bind],
    })
    next(id)
  }
  return (
    <Step text={t('frontendText')} submit={submit} back={back}>
      <Radio.Group value={choice} onChange={setChoice} aria-label={t('frontendText')}>
        <Stack gap="xs">
          {frontends.slice(0, 20).map((frontend) => (
            <Radio
              key={frontend.id}
              value={frontend.id}
              label={`${t('useExisting')}: ${frontend.name}`}
              description={frontend.binds.map((bind) => bind.address).join(', ')}
            />
          ))}
          <Radio value="" label={t('newFrontend')} />
        </Stack>
      </Radio.Group>
      {isNew && (
        <Group align="flex-start">
          <TextInput
            label={t('frontendName')}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            required
          />
          <NumberInput
            label={t('port')}
            description={t('portHelp')}
            min={1}
            max={65535}
            value={port}
            onChange={setPort}
            required
          />
        </Group>
      )}
    </Step>
  )
}

function RouteStep({
  backend,
  frontend,
  next,
  back,
}: {
  backend: string
  frontend: string
  next: (host: string) => void
  back: () => void
}) {
  const t = useMessages(messages)
  const document = useDocument()
  const [hosts, setHosts] = useState<string[]>([])
  const [tried, setTried] = useState(false)
  const wanted = { frontendId: frontend, hosts, pathPrefix: '', backendId: backend }
  const [problem] = document ? problemsOf(document, wanted) : []
  const error = problem && (problem.problem === 'noHosts' ? t('hostsNone') : t('hostBad', { host: problem.of }))
  const submit = () => {
    setTried(true)
    if (problem) return
    draft.edit((document) => addRoute(document, wanted))
    next(hosts[0]?.replace('*.', 'www.') ?? '')
  }
  return (
    <Step text={t('routeText')} submit={submit} back={back}>
      <TagsInput
        label={t('hosts')}
        description={t('hostsHelp')}
        required
        autoFocus
        value={hosts}
        onChange={setHosts}
        splitChars={[',', ' ', '\n']}
        acceptValueOnBlur
        error={(tried || hosts.length > 0) && error}
      />
    </Step>
  )
}
