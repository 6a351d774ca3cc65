/** What this page's policy admits style elements with; empty where the page came without one, as in development. */
export function nonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
}
