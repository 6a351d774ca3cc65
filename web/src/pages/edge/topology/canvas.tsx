// Draws a graph. Only what is in sight, and half a screen above and below, is handed to the drawing library: with five thousand
// backends it would take seconds to take in all of them. At first it gets that in steps: whatever it is given it draws in one go.

import '@xyflow/react/dist/style.css'
import { useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import {
  Controls,
  type CoordinateExtent,
  type Edge,
  type Node,
  ReactFlow,
  type ReactFlowInstance,
  type Viewport,
} from '@xyflow/react'
import { memo, useMemo, useState } from 'react'
import { remembered } from '~/draft/remembered'
import { type Translate, useMessages } from '~/i18n'
import { cssColour } from '~/ui/health'
import { Soon, useAfterwards, useSteps } from '~/ui/soon'
import { between, type Graph, type Line, type Placed, related } from './graph'
import { messages } from './messages'
import { nodeTypes } from './nodes'
import { Overview } from './overview'
import classes from './topology.module.css'

/** How often a quarter of a screen is added until all is there that is drawn at a time. */
const STEPS = 6

const START: Viewport = { x: 24, y: 24, zoom: 0.85 }

export const Canvas = memo(function Canvas({ graph }: { graph: Graph }) {
  const t = useMessages(messages)
  const scheme = useComputedColorScheme('light')
  const { ref, height } = useElementSize<HTMLElement>()
  const [flow, setFlow] = useState<ReactFlowInstance>()
  const [viewport, setViewport] = useState(START)
  const [chosen, setChosen] = useState<string | null>(null)
  const near = useMemo(() => (chosen ? related(graph.lines, chosen) : null), [graph, chosen])

  const screen = Math.max(400, height) / viewport.zoom
  const reach = useSteps(STEPS) * (screen / 4)
  // In steps, so that moving a little changes nothing.
  const step = Math.floor(-viewport.y / viewport.zoom / (screen / 2)) * (screen / 2)
  const part = useMemo(
    () => between(graph, step - Math.min(reach, screen / 2), step + screen / 2 + reach),
    [graph, step, screen, reach],
  )
  const nodes = useMemo(() => toNodes(part, near), [part, near])
  // While nodes go, each further change makes the library look in vain for every one of them.
  const edges = useAfterwards(useMemo(() => toEdges(part, near), [part, near]))
  // The library takes in everything anew that is not the same object.
  const end = useAfterwards(graph.height)
  const extent = useMemo(
    (): CoordinateExtent => [
      [-60, -60],
      [1300, end + 200],
    ],
    [end],
  )
  const words = useMemo(() => labels(t), [t])
  const goTo = (y: number) => {
    const next = { ...viewport, y: -(y - screen / 2) * viewport.zoom }
    void flow?.setViewport(next)
    setViewport(next)
  }
  return (
    <section ref={ref} className={classes.canvas} aria-label={t('graph')}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        colorMode={scheme}
        defaultViewport={START}
        translateExtent={extent}
        minZoom={0.25}
        maxZoom={1.5}
        panOnScroll
        zoomOnDoubleClick={false}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        deleteKeyCode={null}
        onInit={setFlow}
        onMove={(_, now) => setViewport(now)}
        onNodeClick={(_, node) => setChosen((now) => (now === node.id ? null : node.id))}
        onPaneClick={() => setChosen(null)}
        ariaLabelConfig={words}
      >
        <Controls showInteractive={false} showFitView={false} position="top-right" />
      </ReactFlow>
      <Soon>
        <Overview graph={graph} top={-viewport.y / viewport.zoom} screen={screen} goTo={goTo} />
      </Soon>
    </section>
  )
})

// The library draws anew whatever is not the same object; what moves into sight must not touch what is there.
const nodeOf = remembered(toNode)
const edgeOf = remembered(toEdge)

function toNodes(graph: Graph, near: ReadonlySet<string> | null): Node[] {
  return graph.nodes.map((placed) => {
    const node = nodeOf(placed)
    return near && !near.has(node.id) ? { ...node, className: classes.dim ?? '' } : node
  })
}

function toEdges(graph: Graph, near: ReadonlySet<string> | null): Edge[] {
  return graph.lines.map((line) => {
    const edge = edgeOf(line)
    return near && !(near.has(edge.source) && near.has(edge.target)) ? { ...edge, className: classes.dim ?? '' } : edge
  })
}

function toNode({ id, x, y, width, data }: Placed): Node {
  const position = { x, y }
  return { id, type: data.kind, position, width, height: 42, data: data as unknown as Record<string, unknown> }
}

function toEdge({ id, source, target, health, active }: Line): Edge {
  const style = { stroke: cssColour(health), strokeWidth: 1.5, ...(!active && { strokeDasharray: '4 4' }) }
  return { id, source, target, style }
}

function labels(t: Translate<'controls' | 'zoomIn' | 'zoomOut'>) {
  return {
    'controls.ariaLabel': t('controls'),
    'controls.zoomIn.ariaLabel': t('zoomIn'),
    'controls.zoomOut.ariaLabel': t('zoomOut'),
  }
}
