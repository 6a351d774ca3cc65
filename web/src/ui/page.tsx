import { Box, Group, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

/** The frame of every page: what it is, one sentence about it, what can be done, and the page itself. */
export function Page({
  title,
  description,
  actions,
  children,
  wide = false,
}: {
  title: string
  description?: ReactNode
  actions?: ReactNode
  children: ReactNode
  /** Uses the whole width; forms and text read better without. */
  wide?: boolean
}) {
  useEffect(() => {
    document.title = `${title} · Plenum`
  }, [title])
  return (
    <Stack gap="md" maw={wide ? '100%' : 1120} mx="auto" w="100%">
      <Group justify="space-between" align="flex-start" gap="sm" wrap="wrap">
        <Box miw={0} style={{ flex: '1 1 280px' }}>
          <Title order={1} style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Title>
          {description && (
            <Text c="dimmed" size="sm" mt={2} component="div">
              {description}
            </Text>
          )}
        </Box>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  )
}
