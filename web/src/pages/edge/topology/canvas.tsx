// Draws a graph. Only what is in sight, and a screen above and below, is handed to the drawing library: with five thousand backends
// it would take seconds to take in all of them.

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
import { useMemo, useState } from 'react'
import { type Translate, useMessages } from '~/i18n'
import { cssColour } from '~/ui/health'
import { Soon } from '~/ui/soon'
import { between, type Graph, related } from './graph'
import { messages } from './messages'
import { nodeTypes } from './nodes'
import { Overview } from './overview'
import classes from './topology.module.css'

const START: Viewport = { x: 24, y: 24, zoom: 0.85 }

export function Canvas({ graph }: { graph: Graph }) {
  const t = useMessages(messages)
  const scheme = useComputedColorScheme('light')
  const { ref, height } = useElementSize<HTMLElement>()
  const [flow, setFlow] = useState<ReactFlowInstance>()
  const [viewport, setViewport] = useState(START)
  const [chosen, setChosen] = useState<string | null>(null)
  const near = useMemo(() => (chosen ? related(graph.lines, chosen) : null), [graph, chosen])

  const screen = Math.max(400, height) / viewport.zoom
  // In steps, so that moving a little changes nothing.
  const step = Math.floor(-viewport.y / viewport.zoom / (screen / 2)) * (screen / 2)
  const part = useMemo(() => between(graph, step - screen, step + 2.5 * screen), [graph, step, screen])
  const nodes = useMemo(() => toNodes(part, near), [part, near])
  const edges = useMemo(() => toEdges(part, near), [part, near])
  // The library takes in everything anew that is not the same object.
  const extent = useMemo(
    (): CoordinateExtent => [
      [-60, -60],
      [1300, graph.height + 200],
    ],
    [graph.height],
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
}

function toNodes(graph: Graph, near: ReadonlySet<string> | null): Node[] {
  return graph.nodes.map(({ id, x, y, width, data }) => ({
    id,
    type: data.kind,
    position: { x, y },
    width,
    height: 42,
    data: data as unknown as Record<string, unknown>,
    ...(near && !near.has(id) && { className: classes.dim }),
  }))
}

function toEdges(graph: Graph, near: ReadonlySet<string> | null): Edge[] {
  return graph.lines.map(({ id, source, target, health, active }) => ({
    id,
    source,
    target,
    style: { stroke: cssColour(health), strokeWidth: 1.5, ...(!active && { strokeDasharray: '4 4' }) },
    ...(near && !(near.has(source) && near.has(target)) && { className: classes.dim }),
  }))
}

function labels(t: Translate<'controls' | 'zoomIn' | 'zoomOut'>) {
  return {
    'controls.ariaLabel': t('controls'),
    'controls.zoomIn.ariaLabel': t('zoomIn'),
    'controls.zoomOut.ariaLabel': t('zoomOut'),
  }
}
