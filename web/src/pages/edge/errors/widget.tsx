import { useParams } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useForm } from '~/schema/context'
import { ErrorPagesEditor } from './editor'

/** The error pages inside the form of what they belong to. A link to the page of one status opens that one. */
export function ErrorPages() {
  const { id = '', section } = useParams({ strict: false })
  const { focus } = useForm()
  const first = /^\/(?:errorFiles|errorPageContents|lfFileContents)\/(\d{3})/.exec(focus ?? '')?.[1]
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (first) box.current?.scrollIntoView({ block: 'start' })
  }, [first])
  return (
    <div ref={box} style={{ scrollMarginTop: 70 }}>
      <ErrorPagesEditor
        key={first}
        section={section === 'http-errors' ? 'httpErrorsSections' : 'defaultsBlocks'}
        id={id}
        first={first}
      />
    </div>
  )
}
