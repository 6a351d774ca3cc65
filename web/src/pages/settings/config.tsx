import { Text } from '@mantine/core'
import { IconSettings } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { queries } from '~/api/queries'
import type { Setting } from '~/api/schema'
import { useMessages } from '~/i18n'
import { type Column, DataTable } from '~/ui/data-table'
import { Page } from '~/ui/page'
import { Mono } from '~/ui/small'
import { Empty, Loaded } from '~/ui/states'
import { messages } from './messages'

/** A value as the configuration file would have it. */
function written(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export function ConfigPage() {
  const t = useMessages(messages)
  const config = useQuery(queries.config())
  const columns = useMemo<Column<Setting>[]>(
    () => [
      { id: 'key', header: t('config.key'), value: (row) => row.key, mono: true, width: 'minmax(240px, 1.2fr)' },
      {
        id: 'value',
        header: t('config.value'),
        width: 'minmax(130px, 1fr)',
        mono: true,
        value: (row) => written(row.value),
        render: (row) => (
          <Text size="sm" truncate fw={row.source.kind === 'default' ? 400 : 650} component="div">
            <Mono>{written(row.value)}</Mono>
          </Text>
        ),
      },
      { id: 'default', header: t('config.default'), value: (row) => written(row.default), mono: true, width: '130px' },
      {
        id: 'source',
        header: t('config.source'),
        width: '180px',
        value: ({ source }) =>
          source.kind === 'file'
            ? t('config.line', { line: source.line })
            : source.kind === 'outside'
              ? source.name
              : t('config.isDefault'),
      },
      {
        id: 'restart',
        header: t('config.restart'),
        width: '120px',
        value: (row) => t(row.needsRestart ? 'config.needsRestart' : 'config.atOnce'),
      },
      { id: 'what', header: t('config.what'), value: (row) => row.description, width: 'minmax(240px, 2.4fr)' },
      { id: 'variable', header: t('config.variable'), value: (row) => row.variable, mono: true, hidden: true },
    ],
    [t],
  )
  return (
    <Page
      wide
      title={t('config.title')}
      description={
        <>
          {t('config.description')}{' '}
          {config.data && (config.data.file ? t('config.file', { path: config.data.file }) : t('config.noFile'))}
        </>
      }
    >
      <Loaded query={config}>
        {({ settings }) => (
          <DataTable
            label={t('config.title')}
            rows={settings}
            rowId={(row) => row.key}
            columns={columns}
            empty={<Empty icon={<IconSettings size={30} stroke={1.4} />} title={t('config.empty')} />}
          />
        )}
      </Loaded>
    </Page>
  )
}
