import { useQuery } from '@tanstack/react-query'
import { queries } from '~/api/queries'
import { messages } from '~/app/messages'
import { useMessages } from '~/i18n'
import { DataTable } from '~/ui/data-table'
import { Page } from '~/ui/page'
import { Ago, Mono } from '~/ui/small'
import { Empty, Loaded } from '~/ui/states'

export function OverviewPage() {
  const t = useMessages(messages)
  const snapshots = useQuery(queries.snapshots())
  return (
    <Page title={t('nav.overview')}>
      <Loaded query={snapshots}>
        {({ snapshots }) => (
          <DataTable
            label={t('nav.snapshots')}
            rows={snapshots}
            rowId={(row) => row.id}
            empty={<Empty title={t('nav.snapshots')} />}
            columns={[
              { id: 'id', header: 'id', value: (row) => row.id, render: (row) => <Mono>{row.id}</Mono> },
              { id: 'at', header: 'at', value: (row) => row.snapshotAt, render: (row) => <Ago at={row.snapshotAt} /> },
              { id: 'actor', header: 'actor', value: (row) => row.actor },
            ]}
          />
        )}
      </Loaded>
    </Page>
  )
}
