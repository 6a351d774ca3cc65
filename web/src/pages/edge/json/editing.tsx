// One part of the document in the editor: its text, what is wrong with it, and the way into the draft. What was typed is kept
// until it is taken over or undone, also when another part or another page is opened in between.

import { EditorView } from '@codemirror/view'
import { Alert, Button, Group, Stack, Text, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { Document } from '~/api/schema'
import { nonce } from '~/app/nonce'
import { useMay } from '~/app/session'
import { useAllIssues } from '~/draft/issues'
import { draft } from '~/draft/store'
import { useLanguage, useMessages } from '~/i18n'
import { useWords } from '~/schema/labels'
import type { Definitions } from '~/schema/schema'
import { analyse, type Finding, fromDaemon, lineOf } from './analyse'
import { type Host, replaceText, show, showDiagnostics, stateOf } from './code'
import { withDelta } from './delta'
import { examine, examineBeside, LARGE } from './examine'
import { useAnalysis } from './findings'
import classes from './json.module.css'
import { messages } from './messages'
import { partOf, pathOf, pointerTo, type Scope, schemaOf, withValue } from './scope'
import { find, parse } from './tree'

interface Props {
  document: Document
  defs: Definitions
  scope: Scope
  /** From the part on, to the place that should be seen. */
  rest: readonly string[]
  go: (at: string) => void
}

/** What was typed and not taken over, by pointer. */
const kept = new Map<string, { text: string; from: string }>()

export function Editing({ document, defs, scope, rest, go }: Props) {
  const t = useMessages(messages)
  const language = useLanguage()
  const may = useMay('edge:state:write')
  const issues = useAllIssues()
  const pointer = pointerTo(scope)
  const value = partOf(document, scope)
  const current = useMemo(() => JSON.stringify(value, null, 2), [value])
  // The text of the draft that the typing began with; what is in the draft now may be newer.
  const [from, setFrom] = useState(() => kept.get(pointer)?.from ?? current)
  const [text, setText] = useState(() => kept.get(pointer)?.text ?? current)
  const [said, setSaid] = useState<{ kind: 'refused' | 'taken'; message: string }>()
  const [isTaking, setTaking] = useState(false)
  const isEdited = text !== from
  const node = useMemo(() => schemaOf(defs, scope), [defs, scope])
  const [settled] = useDebouncedValue(text, text.length > LARGE ? 1200 : 200)
  const analysis = useAnalysis(settled, defs, node, isEdited)
  const findings = useMemo(() => {
    const at = pathOf(document, scope)
    if (isEdited || !at || issues.length === 0) return analysis.findings
    return [...analysis.findings, ...fromDaemon(issues, at, analysis.tree ?? parse(settled))]
  }, [settled, analysis, issues, document, scope, isEdited])
  const view = useRef<EditorView>(null)

  const changed = useCallback((next: string, isTyped: boolean) => {
    setText(next)
    if (isTyped) setSaid(undefined)
  }, [])
  useEffect(() => {
    if (isEdited) kept.set(pointer, { text, from })
    else kept.delete(pointer)
  }, [isEdited, pointer, text, from])
  // The draft moved on and nothing was typed: the editor follows, once the page has come up with the draft.
  useEffect(() => {
    if (current === from || isEdited || draft.snapshot().document !== document) return
    setFrom(current)
    if (view.current) replaceText(view.current, current)
  }, [current, from, isEdited, document])

  const reset = () => {
    setFrom(current)
    setText(current)
    setSaid(undefined)
    if (view.current) replaceText(view.current, current)
  }
  const take = async () => {
    const job = { text, defs, node, language, before: current }
    setTaking(true)
    const asked = text.length > LARGE ? examineBeside(job).answer : Promise.resolve(examine(job))
    const { findings: now, delta } = await asked.finally(() => setTaking(false))
    if (!delta) {
      const stop = now.find((finding) => finding.stops)
      if (stop && view.current) {
        show(view.current, stop.from)
        view.current.focus()
      }
      return setSaid({ kind: 'refused', message: t('mustMend') })
    }
    if (draft.snapshot().document !== document) return setSaid({ kind: 'refused', message: t('moved') })
    const full = withDelta(value, delta)
    const next = withValue(document, scope, full)
    if (typeof next === 'string') {
      const why = { gone: 'refusedGone', taken: 'refusedTaken', noId: 'refusedNoId' } as const
      return setSaid({ kind: 'refused', message: t(why[next]) })
    }
    if (delta.kind !== 'same') draft.edit(() => next)
    kept.delete(pointer)
    const id = (full as { id?: string }).id
    if (scope.kind === 'entity' && id !== undefined && id !== scope.id) return go(pointerTo({ ...scope, id }))
    // Nothing is typed any more; the editor follows the draft.
    setFrom(text)
    setSaid({ kind: 'taken', message: now.length > 0 ? t('mayMend') : t('taken') })
  }

  return (
    <Stack gap="sm">
      {may && (
        <Group gap="xs">
          <Button onClick={() => void take()} disabled={!isEdited} loading={isTaking}>
            {t('take')}
          </Button>
          <Button variant="default" onClick={reset} disabled={!isEdited}>
            {t('reset')}
          </Button>
          <Text size="sm" c="dimmed" role="status">
            {said?.kind === 'taken' ? said.message : t(isEdited ? 'edited' : 'same')}
          </Text>
        </Group>
      )}
      {said?.kind === 'refused' && (
        <Alert color="red" role="alert">
          {said.message}
        </Alert>
      )}
      {isEdited && current !== from && <Alert color="yellow">{t('stale')}</Alert>}
      <Code
        text={text}
        label={t('editor', { what: pointer || t('wholeDocument') })}
        readOnly={!may}
        view={view}
        document={document}
        defs={defs}
        root={node}
        rest={rest}
        findings={findings}
        changed={changed}
      />
      <Findings
        text={settled}
        findings={findings}
        open={(finding) => {
          if (!view.current) return
          show(view.current, finding.from, finding.to)
          view.current.focus()
        }}
      />
    </Stack>
  )
}

interface CodeProps {
  /** The text at first; afterwards the editor has its own. */
  text: string
  label: string
  readOnly: boolean
  view: React.RefObject<EditorView | null>
  document: Document
  defs: Definitions
  root: Host['root']
  rest: readonly string[]
  findings: readonly Finding[]
  changed: (text: string, isTyped: boolean) => void
}

function Code({ text, label, readOnly, view, document, defs, root, rest, findings, changed }: CodeProps) {
  const t = useMessages(messages)
  const language = useLanguage()
  const words = useWords()
  const box = useRef<HTMLDivElement>(null)
  const host = useRef<Host>(null)
  useEffect(() => {
    host.current = {
      defs,
      root,
      document,
      help: words,
      words: { required: t('required'), default: (value) => t('default', { value }), secret: t('secret') },
    }
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once and then lives its own life; the text is only where it begins.
  const state = useMemo(
    () =>
      stateOf({
        text,
        label,
        readOnly,
        nonce: nonce(),
        phrases: PHRASES[language],
        host: () => host.current ?? { defs, root, document, help: words, words: NO_WORDS },
        changed,
      }),
    [readOnly, language],
  )
  useEffect(() => {
    if (!box.current) return
    const made = new EditorView({ parent: box.current, state })
    view.current = made
    return () => {
      view.current = null
      made.destroy()
    }
  }, [state, view])
  useEffect(() => {
    if (!view.current) return
    showDiagnostics(
      view.current,
      findings.map(({ from, to, message, stops }) => ({
        from,
        to,
        message,
        severity: stops ? ('error' as const) : ('warning' as const),
      })),
    )
  }, [findings, view])
  // A link leads to a place in the text: it is looked up in the text as it is when the link is followed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: typing must not bring the cursor back to where the link led.
  useEffect(() => {
    if (!view.current || rest.length === 0) return
    const { tree } = analyse(view.current.state.doc.toString(), defs, root, t)
    if (!tree) return
    const place = find(tree, rest)
    show(view.current, place.from)
    view.current.focus()
  }, [rest.join('/')])
  return <div ref={box} className={classes.editor} />
}

const NO_WORDS: Host['words'] = { required: '', default: (value) => value, secret: '' }

const SHOWN = 50

function Findings({
  text,
  findings,
  open,
}: {
  text: string
  findings: readonly Finding[]
  open: (finding: Finding) => void
}) {
  const t = useMessages(messages)
  if (findings.length === 0) return null
  return (
    <Alert
      color={findings.some((finding) => finding.stops) ? 'red' : 'yellow'}
      title={t('problems', { count: findings.length })}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard (WCAG 2.1.1). */}
      <section className={classes.problems} aria-label={t('problems', { count: findings.length })} tabIndex={0}>
        {findings.slice(0, SHOWN).map((finding) => (
          <UnstyledButton
            key={`${finding.from} ${finding.message}`}
            className={classes.problem}
            onClick={() => open(finding)}
          >
            {t('position', { ...lineOf(text, finding.from), message: finding.message })}
          </UnstyledButton>
        ))}
        {findings.length > SHOWN && <Text size="sm">{t('more', { count: findings.length - SHOWN })}</Text>}
      </section>
    </Alert>
  )
}

/** What the editor's own panels say. */
const PHRASES: Readonly<Record<'en' | 'es', Record<string, string>>> = {
  en: {},
  es: {
    Find: 'Buscar',
    Replace: 'Reemplazar',
    next: 'siguiente',
    previous: 'anterior',
    all: 'todos',
    'match case': 'mayúsculas',
    'by word': 'palabra',
    regexp: 'expresión regular',
    replace: 'reemplazar',
    'replace all': 'reemplazar todos',
    close: 'cerrar',
    'current match': 'coincidencia actual',
    'on line': 'en la línea',
    'replaced $ matches': 'reemplazadas $ coincidencias',
    'replaced match on line $': 'reemplazada en la línea $',
    'Go to line': 'Ir a la línea',
    go: 'ir',
    Diagnostics: 'Problemas',
    'No diagnostics': 'Sin problemas',
    Completions: 'Propuestas',
    'Fold line': 'Plegar la línea',
    'Unfold line': 'Desplegar la línea',
    'Folded lines': 'Líneas plegadas',
    'Unfolded lines': 'Líneas desplegadas',
    to: 'a',
    'folded code': 'texto plegado',
    unfold: 'desplegar',
  },
}
