import { Drawer, type DrawerProps, Modal, type ModalProps } from '@mantine/core'
import { useMessages } from '~/i18n'
import { messages } from './messages'

/** A dialog whose close button has a name. */
export function Dialog({ closeButtonProps, ...props }: ModalProps) {
  const t = useMessages(messages)
  return <Modal closeButtonProps={{ 'aria-label': t('close'), ...closeButtonProps }} {...props} />
}

/** A panel at the side whose close button has a name. */
export function SidePanel({ closeButtonProps, ...props }: DrawerProps) {
  const t = useMessages(messages)
  return <Drawer position="right" closeButtonProps={{ 'aria-label': t('close'), ...closeButtonProps }} {...props} />
}
