// Who is signed in, and what they may do.

import { useQuery } from '@tanstack/react-query'
import { queries } from '~/api/queries'
import type { UserView } from '~/api/schema'

export function useUser(): UserView | null {
  return useQuery(queries.whoami()).data ?? null
}

/** Whether the signed-in user has a permission, such as `edge:state:write`. What they may not do is not offered. */
export function useMay(permission: string): boolean {
  return useUser()?.permissions.includes(permission) ?? false
}
