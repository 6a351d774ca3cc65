// What the browser remembers of its user: the language. (The colour scheme is the component library's own.)

import { type Language, preferred } from '~/i18n'

const KEY = 'plenum-language'

export function storedLanguage(): Language {
  let stored: string | null = null
  try {
    stored = localStorage.getItem(KEY)
  } catch {
    // A browser that keeps nothing is asked each time.
  }
  return preferred(stored, navigator.languages)
}

export function storeLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language)
  } catch {
    // The choice then holds for this page only.
  }
}
