import { Group, List, Loader, Text, ThemeIcon } from '@mantine/core'
import { IconCheck, IconPoint } from '@tabler/icons-react'
import { useMessages } from '~/i18n'
import { STEPS, type Step } from './apply'
import { messages } from './messages'

/** The steps of an apply: which are done, which is under way. */
export function ApplyProgress({ step }: { step: Step | undefined }) {
  const t = useMessages(messages)
  const done = step ? STEPS.indexOf(step) : -1
  return (
    <List spacing={6} size="sm" center aria-label={t('steps')} aria-live="polite">
      {STEPS.map((name, i) => {
        const state = i <= done ? 'stepDone' : i === done + 1 ? 'stepNow' : 'stepAhead'
        return (
          <List.Item
            key={name}
            icon={
              state === 'stepNow' ? (
                <Loader size={18} />
              ) : (
                <ThemeIcon size={18} radius="xl" variant="light" color={state === 'stepDone' ? 'green' : 'gray'}>
                  {state === 'stepDone' ? <IconCheck size={12} /> : <IconPoint size={12} />}
                </ThemeIcon>
              )
            }
          >
            <Group gap={8}>
              <Text size="sm" {...(state === 'stepAhead' && { c: 'dimmed' })}>
                {t(`step.${name}`)}
              </Text>
              <Text size="xs" c="dimmed">
                {t(state)}
              </Text>
            </Group>
          </List.Item>
        )
      })}
    </List>
  )
}
