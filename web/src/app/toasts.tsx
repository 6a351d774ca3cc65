// Short messages in the corner. What shows them is loaded with the first message.

import type { NotificationData, notifications } from '@mantine/notifications'
import { lazy, Suspense, useSyncExternalStore } from 'react'

type Show = (typeof notifications)['show']

let wanted = false
const listeners = new Set<() => void>()

const Shelf = lazy(async () => {
  const { Notifications } = await import('@mantine/notifications')
  return { default: () => <Notifications position="bottom-right" limit={4} /> }
})

/** Shows a message. */
export async function toast(message: NotificationData): Promise<ReturnType<Show>> {
  wanted = true
  for (const listener of listeners) listener()
  const { notifications } = await import('@mantine/notifications')
  return notifications.show(message)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function Toasts() {
  const isWanted = useSyncExternalStore(subscribe, () => wanted)
  return isWanted ? (
    <Suspense>
      <Shelf />
    </Suspense>
  ) : null
}
