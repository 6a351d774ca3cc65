// Texts in the zone (TXT records). Automation sets them, such as clients that prove a name by DNS; a person looks at them here.

import { Stack, Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { mesh } from '~/api/mesh'
import { useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import { Mono } from '~/ui/small'
import { messages } from './messages'

export function Texts() {
  const t = useMessages(messages)
  const texts = useQuery(mesh.texts()).data
  if (!texts || texts.length === 0) return null
  return (
    <Card title={t('texts')}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t('textsText')}
        </Text>
        <Table>
          <Table.Tbody>
            {texts.map(({ name, values }) => (
              <Table.Tr key={name}>
                <Table.Th scope="row">
                  <Mono>{name}</Mono>
                </Table.Th>
                <Table.Td>
                  {values.map((value) => (
                    <Text key={value} size="sm">
                      <Mono>{value}</Mono>
                    </Text>
                  ))}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Stack>
    </Card>
  )
}
