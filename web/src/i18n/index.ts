// Messages in English and Spanish. Each area has its catalogue in a `messages.ts` beside its pages, loaded with them; the
// compiler refuses a catalogue whose two languages have different keys, and a key that no catalogue has.
//
// A message may hold `{name}` parameters, and two forms for one and many, parted by ` || `, chosen by the parameter `count`.

import { createContext, useContext, useMemo } from 'react'

export const LANGUAGES = ['en', 'es'] as const
export type Language = (typeof LANGUAGES)[number]

export type Catalogue<K extends string> = Readonly<Record<Language, Readonly<Record<K, string>>>>
export type Params = Readonly<Record<string, string | number>>
export type Translate<K extends string> = (key: K, params?: Params) => string

/** A catalogue, checked: both languages have the same keys. */
export function catalogue<const E extends Record<string, string>>(
  en: E,
  es: Record<keyof E & string, string>,
): Catalogue<keyof E & string> {
  return { en, es }
}

/** The text of a message in a language. */
export function format(language: Language, message: string, params: Params = {}): string {
  const forms = message.split(' || ')
  const count = params.count
  const one = typeof count === 'number' && new Intl.PluralRules(language).select(count) === 'one'
  const form = (one ? forms[0] : forms[1]) ?? forms[0] ?? ''
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name]
    if (value === undefined) return whole
    return typeof value === 'number' ? value.toLocaleString(language) : value
  })
}

/** The language of the browser, where we speak it; else English. */
export function preferred(stored: string | null, browser: readonly string[]): Language {
  const wanted = [stored ?? '', ...browser].map((tag) => tag.slice(0, 2).toLowerCase())
  for (const tag of wanted) {
    const known = LANGUAGES.find((language) => language === tag)
    if (known) return known
  }
  return 'en'
}

export const LanguageContext = createContext<Language>('en')

export function useLanguage(): Language {
  return useContext(LanguageContext)
}

/** The messages of a catalogue in the language of the page. */
export function useMessages<K extends string>(of: Catalogue<K>): Translate<K> {
  const language = useLanguage()
  return useMemo(() => (key, params) => format(language, of[language][key], params), [language, of])
}
