import { useMessages } from '~/i18n'
import { Page } from '~/ui/page'
import { messages } from './messages'

export function SetupPage() {
  const t = useMessages(messages)
  return <Page title={t('login.title')}>{null}</Page>
}
