// The newest requests that a service's route answered, from the access log.

import { ActionIcon, Alert, Table, Text } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { mesh } from '~/api/mesh'
import type { MeshRequests } from '~/api/schema'
import { useLanguage, useMessages } from '~/i18n'
import { Card } from '~/ui/card'
import { Mono } from '~/ui/small'
import { Loaded } from '~/ui/states'
import { messages } from './messages'

export function Requests({ name }: { name: string }) {
  const t = useMessages(messages)
  const requests = useQuery(mesh.requests(name))
  return (
    <Card
      title={t('requests')}
      action={
        <ActionIcon
          variant="default"
          aria-label={t('requestsAgain')}
          title={t('requestsAgain')}
          loading={requests.isFetching}
          onClick={() => void requests.refetch()}
        >
          <IconRefresh size={16} />
        </ActionIcon>
      }
    >
      <Loaded query={requests}>{(answer) => <Rows answer={answer} />}</Loaded>
    </Card>
  )
}

function Rows({ answer }: { answer: MeshRequests }) {
  const t = useMessages(messages)
  const language = useLanguage()
  if (answer.reason) return <Alert color="yellow">{answer.reason}</Alert>
  if (answer.requests.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('requestsNone')}
      </Text>
    )
  }
  const ms = (value: number) => `${value.toLocaleString(language, { maximumFractionDigits: 1 })} ms`
  return (
    <Table.ScrollContainer minWidth={560} mah={360} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table tabularNums aria-label={t('requests')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('requestTime')}</Table.Th>
            <Table.Th>{t('requestFrom')}</Table.Th>
            <Table.Th>{t('request')}</Table.Th>
            <Table.Th ta="right">{t('requestStatus')}</Table.Th>
            <Table.Th ta="right">{t('requestTook')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {answer.requests.map((request, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line of a log has no name, and two can be alike.
            <Table.Tr key={i}>
              <Table.Td style={{ whiteSpace: 'nowrap' }} title={request.at}>
                {new Date(request.at).toLocaleString(language, { dateStyle: 'short', timeStyle: 'medium' })}
              </Table.Td>
              <Table.Td>{request.remote}</Table.Td>
              <Table.Td>
                <Mono>{`${request.method} ${request.path}`}</Mono>
              </Table.Td>
              <Table.Td ta="right" {...(request.status >= 500 && { c: 'red' })}>
                {request.status}
              </Table.Td>
              <Table.Td ta="right">{ms(request.response_time)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
