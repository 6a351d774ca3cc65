// Who is signed in, and what they may do.

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '~/api/client'
import { queries } from '~/api/queries'
import type { UserView } from '~/api/schema'

export function useUser(): UserView | null {
  return useQuery(queries.whoami()).data ?? null
}

/** Whether the signed-in user has a permission, such as `edge:state:write`. What they may not do is not offered. */
export function useMay(permission: string): boolean {
  return useUser()?.permissions.includes(permission) ?? false
}

/** Ends the session; the sign-in page follows by itself. */
export function useSignOut(): () => void {
  const client = useQueryClient()
  const { mutate } = useMutation({
    mutationFn: () => unwrap(api.POST('/api/auth/logout')),
    onSettled: () => {
      client.setQueryData(['whoami'], null)
      // What was read as this user is not for the next one.
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'whoami' })
    },
  })
  return mutate
}
