import { MantineProvider } from '@mantine/core'
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { createContext, useContext, useMemo, useState } from 'react'
import { Problem } from '~/api/problem'
import { type Language, LanguageContext } from '~/i18n'
import { nonce } from './nonce'
import { storedLanguage, storeLanguage } from './preferences'
import { makeRouter } from './routes'
import { theme } from './theme'
import { Toasts } from './toasts'

function makeClient(): QueryClient {
  const signedOut = (error: unknown) => {
    // The session has ended: ask again who we are; the shell then leads to the sign-in page.
    if (error instanceof Problem && error.status === 401) client.setQueryData(['whoami'], null)
  }
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: signedOut }),
    mutationCache: new MutationCache({ onError: signedOut }),
    defaultOptions: {
      queries: {
        // The event stream says what is out of date.
        staleTime: 60_000,
        refetchOnWindowFocus: false,
        retry: (count, error) => count < 2 && error instanceof Problem && (error.isUnreachable || error.status === 503),
      },
    },
  })
  return client
}

const SetLanguage = createContext<(language: Language) => void>(() => {})

export function useSetLanguage(): (language: Language) => void {
  return useContext(SetLanguage)
}

export function App() {
  const [client] = useState(makeClient)
  const [router] = useState(() => makeRouter(client))
  const [language, setLanguage] = useState<Language>(() => {
    const language = storedLanguage()
    document.documentElement.lang = language
    return language
  })
  const choose = useMemo(
    () => (language: Language) => {
      storeLanguage(language)
      document.documentElement.lang = language
      setLanguage(language)
    },
    [],
  )
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={nonce}>
      <LanguageContext value={language}>
        <SetLanguage value={choose}>
          <QueryClientProvider client={client}>
            <Toasts />
            <RouterProvider router={router} />
          </QueryClientProvider>
        </SetLanguage>
      </LanguageContext>
    </MantineProvider>
  )
}
