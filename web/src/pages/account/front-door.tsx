// The frame of the pages before signing in: the product, one card, and the language.

import { Anchor, Box, Center, Group, Paper, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { useEffect } from 'react'
import { useSetLanguage } from '~/app/app'
import { messages } from '~/app/messages'
import { LANGUAGES, useLanguage, useMessages } from '~/i18n'

export function FrontDoor({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  const t = useMessages(messages)
  const language = useLanguage()
  const setLanguage = useSetLanguage()
  useEffect(() => {
    document.title = `${title} · Plenum`
  }, [title])
  return (
    <Center component="main" mih="100dvh" p="md" bg="var(--plenum-ground)">
      <Box w="100%" maw={400}>
        <Group gap={10} mb="lg" justify="center">
          <img src="/favicon.svg" alt="" width={30} height={30} />
          <Text fw={700} fz={24} span>
            {'Plenum'}
          </Text>
        </Group>
        <Paper p="xl">
          <Stack gap="md">
            <div>
              <Title order={1}>{title}</Title>
              {text && (
                <Text size="sm" c="dimmed" mt={4}>
                  {text}
                </Text>
              )}
            </div>
            {children}
          </Stack>
        </Paper>
        <Group justify="center" mt="md" gap="md">
          {LANGUAGES.map((each) => (
            <Anchor
              key={each}
              component="button"
              type="button"
              size="sm"
              lang={each}
              aria-current={each === language ? 'true' : undefined}
              {...(each === language && { fw: 650 })}
              onClick={() => setLanguage(each)}
            >
              {t(`language.${each}`)}
            </Anchor>
          ))}
        </Group>
      </Box>
    </Center>
  )
}
