import { Modal, type ModalProps } from '@mantine/core'
import { useMessages } from '~/i18n'
import { messages } from './messages'

/** A dialog whose close button has a name. */
export function Dialog({ closeButtonProps, ...props }: ModalProps) {
  const t = useMessages(messages)
  return <Modal closeButtonProps={{ 'aria-label': t('close'), ...closeButtonProps }} {...props} />
}
