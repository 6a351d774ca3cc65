// The error pages of one defaults block or set: which status is answered how, and the page itself.

import { Code, Radio, Stack, Text, Textarea, TextInput, Title, UnstyledButton } from '@mantine/core'
import { useMemo, useState } from 'react'
import { useMay } from '~/app/session'
import { putEntity, useEntity } from '~/draft/hooks'
import type { EntityOf } from '~/draft/sections'
import { useMessages } from '~/i18n'
import { Tag } from '~/ui/small'
import { type Answer, answersOf, firstBody, join, phraseOf, type Source, split, withAnswer } from './answers'
import classes from './errors.module.css'
import { messages } from './messages'

export type Holder = 'defaultsBlocks' | 'httpErrorsSections'

const MOST = 65_536

export function ErrorPagesEditor({
  section,
  id,
  first,
}: {
  section: Holder
  id: string
  /** The status that is open at first. */
  first?: string | undefined
}) {
  const t = useMessages(messages)
  const may = useMay('edge:state:write')
  const holder = useEntity(section, id)
  const answers = useMemo(() => (holder ? answersOf(holder) : []), [holder])
  const [code, setCode] = useState(first)
  if (!holder) return null
  const hasPages = section === 'defaultsBlocks'
  const open = answers.find((answer) => answer.code === code)
  const change = (answer: Answer) =>
    putEntity(section, withAnswer(holder, answer, hasPages) as EntityOf<typeof section>)
  return (
    <div className={classes.layout}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard (WCAG 2.1.1). */}
      <section className={classes.codes} aria-label={t('code')} tabIndex={0}>
        {answers.map((answer) => (
          <UnstyledButton
            key={answer.code}
            className={classes.code}
            aria-pressed={answer.code === code}
            onClick={() => setCode(answer.code)}
          >
            <span className={classes.number}>{answer.code}</span>
            <span className={classes.phrase}>{phraseOf(answer.code)}</span>
            {answer.source !== 'own' && <Tag color="sea">{t(answer.source)}</Tag>}
          </UnstyledButton>
        ))}
      </section>
      {open ? (
        <OnePage key={open.code} answer={open} hasPages={hasPages} readOnly={!may} change={change} />
      ) : (
        <Text size="sm" c="dimmed">
          {t('select')}
        </Text>
      )}
    </div>
  )
}

interface PageProps {
  answer: Answer
  hasPages: boolean
  readOnly: boolean
  change: (answer: Answer) => void
}

function OnePage({ answer, hasPages, readOnly, change }: PageProps) {
  const t = useMessages(messages)
  const { code, source } = answer
  // A file needs its path before it can be one: until then the choice is made but nothing is changed.
  const [chosen, setChosen] = useState<Source>()
  const shown = chosen ?? source
  const choose = (next: string) => {
    if (next === 'file') return setChosen('file')
    setChosen(undefined)
    if (next === 'own') change({ code, source: 'own', text: '' })
    if (next === 'page') change({ code, source: 'page', text: join(code, '', firstBody(code)) })
    if (next === 'template') change({ code, source: 'template', text: firstBody(code) })
  }
  const sources: Source[] = hasPages ? ['own', 'page', 'template', 'file'] : ['own', 'file']
  return (
    <Stack gap="md" miw={0}>
      <Title order={3}>{`${code} ${phraseOf(code)}`}</Title>
      {readOnly ? (
        <Text size="sm">{t(shown)}</Text>
      ) : (
        <Radio.Group label={t('answer')} value={shown} onChange={choose}>
          <Stack gap={6} mt={6}>
            {sources.map((each) => (
              <Radio key={each} value={each} label={t(each)} description={t(`${each}Help`)} />
            ))}
          </Stack>
        </Radio.Group>
      )}
      {readOnly && shown !== 'own' && (
        <Code block mah={420} tabIndex={0} style={{ overflow: 'auto', whiteSpace: 'pre-wrap' }}>
          {answer.text}
        </Code>
      )}
      {!readOnly && shown === 'file' && (
        <FilePath
          value={source === 'file' ? answer.text : ''}
          change={(text) => {
            setChosen(undefined)
            change({ code, source: 'file', text })
          }}
        />
      )}
      {!readOnly && shown === 'page' && <WholePage answer={answer} change={change} />}
      {!readOnly && shown === 'template' && (
        <Html value={answer.text} change={(text) => change({ code, source: 'template', text })} />
      )}
    </Stack>
  )
}

function FilePath({ value, change }: { value: string; change: (path: string) => void }) {
  const t = useMessages(messages)
  const [typed, setTyped] = useState(value)
  const isBad = typed !== '' && !/^\/\S+$/.test(typed)
  const commit = () => typed !== '' && typed !== value && !isBad && change(typed)
  return (
    <TextInput
      label={t('path')}
      placeholder="/etc/haproxy/errors/503.http"
      value={typed}
      error={isBad && t('pathBad')}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && commit()}
      spellCheck={false}
    />
  )
}

function WholePage({ answer, change }: Pick<PageProps, 'answer' | 'change'>) {
  const t = useMessages(messages)
  const { header, body } = useMemo(() => split(answer.text), [answer.text])
  const [typed, setTyped] = useState<string>()
  const put = (nextHeader: string, nextBody: string) =>
    change({ code: answer.code, source: 'page', text: join(answer.code, nextHeader, nextBody) })
  const plain = header.replaceAll('\r', '')
  return (
    <>
      <Textarea
        label={t('header')}
        description={t('headerHelp')}
        value={typed ?? plain}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={() => {
          if (typed !== undefined && typed !== plain) put(typed, body)
          setTyped(undefined)
        }}
        autosize
        minRows={3}
        maxRows={10}
        classNames={{ input: 'mono' }}
        spellCheck={false}
      />
      <Html value={body} change={(next) => put(plain, next)} />
    </>
  )
}

function Html({ value, change }: { value: string; change: (text: string) => void }) {
  const t = useMessages(messages)
  const [typed, setTyped] = useState<string>()
  const text = typed ?? value
  const size = new TextEncoder().encode(text).length
  const tooLong = size > MOST
  return (
    <>
      <Textarea
        label={t('body')}
        description={t('bytes', { count: size })}
        value={text}
        error={tooLong && t('tooLong', { count: MOST })}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={() => {
          if (typed !== undefined && typed !== value && !tooLong) change(typed)
          if (!tooLong) setTyped(undefined)
        }}
        autosize
        minRows={10}
        maxRows={24}
        classNames={{ input: 'mono' }}
        spellCheck={false}
      />
      <div>
        <Text size="sm" fw={500}>
          {t('preview')}
        </Text>
        <Text size="xs" c="dimmed" mb={6}>
          {t('previewHelp')}
        </Text>
        {/* An empty sandbox: no scripts, no forms, no links that lead anywhere, no origin; and the page's policy holds in it too. */}
        <iframe className={classes.preview} sandbox="" srcDoc={text} title={t('preview')} />
      </div>
    </>
  )
}
