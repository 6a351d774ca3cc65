import { useComputedColorScheme } from '@mantine/core'
import { type PointerEvent, useLayoutEffect, useRef } from 'react'
import { cssColour, type Health } from '~/ui/health'
import type { Graph } from './graph'
import classes from './topology.module.css'

/** What is drawn later lies on top: what needs a look is never hidden by what is well. */
const ORDER: Health[] = ['idle', 'good', 'look', 'act']

/** The whole graph as a strip: a stroke for each backend in the colour of its state, and what is in sight. For the mouse only. */
export function Overview({
  graph,
  top,
  screen,
  goTo,
}: {
  graph: Graph
  top: number
  screen: number
  goTo: (y: number) => void
}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const scheme = useComputedColorScheme('light')
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours change with the scheme.
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!canvas.current || !context) return
    const { width, height } = canvas.current
    const styles = getComputedStyle(canvas.current)
    context.clearRect(0, 0, width, height)
    for (const health of ORDER) {
      context.fillStyle = styles.getPropertyValue(cssColour(health).slice(4, -1))
      for (const { y, data } of graph.nodes) {
        if (data.kind === 'backend' && data.health === health)
          context.fillRect(0, (y / graph.height) * height, width, 2)
      }
    }
  }, [graph, scheme])
  if (graph.height <= screen) return null
  const go = (event: PointerEvent<HTMLElement>) => {
    if (event.type === 'pointermove' && event.buttons !== 1) return
    const { top, height } = event.currentTarget.getBoundingClientRect()
    goTo(((event.clientY - top) / height) * graph.height)
  }
  return (
    <div className={classes.overview} aria-hidden onPointerDown={go} onPointerMove={go}>
      <canvas ref={canvas} width={16} height={600} />
      <div
        className={classes.window}
        style={{
          top: `${Math.max(0, (top / graph.height) * 100)}%`,
          height: `${Math.max(1, (screen / graph.height) * 100)}%`,
        }}
      />
    </div>
  )
}
