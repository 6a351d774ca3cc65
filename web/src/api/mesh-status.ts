// How the network is as a whole. Apart from the other reads of its pages, because the overview is on the first page.

import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from './client'

export function meshStatus() {
  return queryOptions({
    queryKey: ['mesh-status'],
    queryFn: () => unwrap(api.GET('/mesh/api/status')),
    // That DNS or Caddy no longer answers is no event.
    refetchInterval: 15_000,
  })
}
