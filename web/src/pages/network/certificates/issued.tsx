// What other machines have had by ACME, and taking it back.

import { ActionIcon, Text, Tooltip } from '@mantine/core'
import { IconBan } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { api, unwrap } from '~/api/client'
import { mesh } from '~/api/mesh'
import type { MeshAcmeCertificate } from '~/api/schema'
import { useMay } from '~/app/session'
import { toast } from '~/app/toasts'
import { useLanguage, useMessages } from '~/i18n'
import { Copy } from '~/ui/copy'
import { type Column, DataTable } from '~/ui/data-table'
import { State } from '~/ui/small'
import { Loaded } from '~/ui/states'
import { Confirm } from '../confirm'
import { messages, statusOf, TONES } from './messages'

/** What a person calls it; a certificate always has a name. */
function nameOf({ names, serial }: MeshAcmeCertificate): string {
  return names[0] ?? serial
}

export function Issued() {
  const t = useMessages(messages)
  const may = useMay('mesh:write')
  const issued = useQuery(mesh.acme())
  const [revoking, setRevoking] = useState<MeshAcmeCertificate | null>(null)
  const columns = useColumns()
  return (
    <>
      <Loaded query={issued}>
        {(certificates) => (
          <DataTable
            label={t('acmeIssued')}
            rows={certificates}
            rowId={({ serial }) => serial}
            columns={columns}
            actions={(certificate) => (
              <>
                <Copy value={certificate.pem} label={t('copyPem')} />
                {may && certificate.status !== 'revoked' && (
                  <Tooltip label={t('revoke', { name: nameOf(certificate) })}>
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      aria-label={t('revoke', { name: nameOf(certificate) })}
                      onClick={() => setRevoking(certificate)}
                    >
                      <IconBan size={16} />
                    </ActionIcon>
                  </Tooltip>
                )}
              </>
            )}
            empty={
              <Text size="sm" c="dimmed">
                {t('acmeNone')}
              </Text>
            }
          />
        )}
      </Loaded>
      {revoking && <Revoke certificate={revoking} close={() => setRevoking(null)} />}
    </>
  )
}

function Revoke({ certificate, close }: { certificate: MeshAcmeCertificate; close: () => void }) {
  const t = useMessages(messages)
  const client = useQueryClient()
  const name = nameOf(certificate)
  const params = { path: { id: certificate.serial } }
  return (
    <Confirm
      title={t('revokeTitle', { name })}
      verb={t('revokeVerb')}
      act={() => unwrap(api.POST('/mesh/api/tls/acme/{id}/revoke', { params }))}
      done={() => {
        void client.invalidateQueries({ queryKey: ['mesh-acme'] })
        void toast({ message: t('revoked', { name }), color: 'green' })
        close()
      }}
      close={close}
    >
      {t('revokeText')}
    </Confirm>
  )
}

function useColumns(): Column<MeshAcmeCertificate>[] {
  const t = useMessages(messages)
  const language = useLanguage()
  return useMemo(() => {
    const date = (at: string) => new Date(at).toLocaleDateString(language, { dateStyle: 'medium' })
    return [
      {
        id: 'names',
        header: t('names'),
        width: 'minmax(220px, 2fr)',
        mono: true,
        value: ({ names }) => names.join(' '),
      },
      {
        id: 'status',
        header: t('status'),
        width: '130px',
        value: ({ status }) => t(`status.${statusOf(status)}`),
        render: ({ status }) => <State is={TONES[statusOf(status)]}>{t(`status.${statusOf(status)}`)}</State>,
      },
      {
        id: 'issued',
        header: t('issued'),
        width: '140px',
        value: ({ not_before }) => not_before,
        render: ({ not_before }) => date(not_before),
      },
      {
        id: 'until',
        header: t('until'),
        width: '140px',
        value: ({ not_after }) => not_after,
        render: ({ not_after }) => date(not_after),
      },
      { id: 'account', header: t('account'), mono: true, value: ({ account }) => account },
      { id: 'serial', header: t('serial'), mono: true, hidden: true, value: ({ serial }) => serial },
    ]
  }, [t, language])
}
