import { Code, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { mesh } from '~/api/mesh'
import { useLanguage, useMessages } from '~/i18n'
import { Facts } from '~/ui/card'
import { Copy } from '~/ui/copy'
import { Dialog } from '~/ui/dialog'
import { Mono, State } from '~/ui/small'
import { Loaded } from '~/ui/states'
import classes from '../network.module.css'
import { messages, statusOf, TONES } from './messages'

/** Everything that a certificate says: the essence, and the text that `openssl x509 -text` would print. */
export function Inspect({ name, close }: { name: string; close: () => void }) {
  const t = useMessages(messages)
  const language = useLanguage()
  const inspected = useQuery(mesh.inspected(name))
  const date = (at: string) => new Date(at).toLocaleString(language)
  return (
    <Dialog opened onClose={close} size="xl" title={t('inspectTitle', { name })}>
      <Loaded query={inspected}>
        {({ certificate, output }) => (
          <Stack>
            {certificate && (
              <Facts
                facts={[
                  [t('domain'), <Mono key="domain">{certificate.domain}</Mono>],
                  [
                    t('status'),
                    <State key="status" is={TONES[statusOf(certificate.status)]}>
                      {t(`status.${statusOf(certificate.status)}`)}
                    </State>,
                  ],
                  [t('issued'), date(certificate.not_before)],
                  [t('until'), date(certificate.not_after)],
                  [t('issuer'), <Mono key="issuer">{certificate.issuer}</Mono>],
                  [t('algorithm'), certificate.algorithm],
                  [t('serial'), <Mono key="serial">{certificate.serial}</Mono>],
                  [t('fingerprint'), <Mono key="fingerprint">{certificate.fingerprint}</Mono>],
                ]}
              />
            )}
            <Group gap="md" justify="flex-end">
              <Labelled label={t('copyText')} value={output} />
              {certificate && <Labelled label={t('copyPem')} value={certificate.pem} />}
            </Group>
            <Code block className={classes.output ?? ''} tabIndex={0}>
              {output}
            </Code>
          </Stack>
        )}
      </Loaded>
    </Dialog>
  )
}

function Labelled({ label, value }: { label: string; value: string }) {
  return (
    <Group gap={4}>
      <Text size="xs" c="dimmed" aria-hidden>
        {label}
      </Text>
      <Copy value={value} label={label} />
    </Group>
  )
}
