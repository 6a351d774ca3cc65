import { catalogue } from '~/i18n'

export const messages = catalogue(
  {
    title: 'Audit log',
    description: 'Who did what, and how it ended. Entries form a chain of hashes that nobody can change unseen.',
    empty: 'No entries',
    emptyText: 'Nothing matches, or nothing has happened yet.',
    time: 'When',
    actor: 'Who',
    category: 'Area',
    action: 'Action',
    target: 'What',
    outcome: 'Outcome',
    anyCategory: 'All areas',
    anyActor: 'Everybody',
    anyOutcome: 'Any outcome',
    more: 'Show more',
    details: 'Entry {id}',
    hash: 'Hash',
    place: 'Place in the chain',
    noDetails: 'No further details.',
    verify: 'Verify the chain',
    verified: 'The chain is whole.',
    verifiedText: '{count} entry checked || {count} entries checked',
    broken: 'The chain is broken',
    export: 'Export all',
    'outcome.ok': 'ok',
    'outcome.fail': 'refused',
    'outcome.error': 'failed',
    'outcome.interrupted': 'interrupted',
    'outcome.pending': 'under way',
  },
  {
    title: 'Registro de auditoría',
    description:
      'Quién hizo qué y cómo terminó. Las entradas forman una cadena de hashes que nadie puede cambiar sin que se note.',
    empty: 'Sin entradas',
    emptyText: 'Nada coincide, o aún no ha ocurrido nada.',
    time: 'Cuándo',
    actor: 'Quién',
    category: 'Área',
    action: 'Acción',
    target: 'Qué',
    outcome: 'Resultado',
    anyCategory: 'Todas las áreas',
    anyActor: 'Todos',
    anyOutcome: 'Cualquier resultado',
    more: 'Mostrar más',
    details: 'Entrada {id}',
    hash: 'Hash',
    place: 'Lugar en la cadena',
    noDetails: 'Sin más detalles.',
    verify: 'Verificar la cadena',
    verified: 'La cadena está íntegra.',
    verifiedText: '{count} entrada comprobada || {count} entradas comprobadas',
    broken: 'La cadena está rota',
    export: 'Exportar todo',
    'outcome.ok': 'correcto',
    'outcome.fail': 'rechazado',
    'outcome.error': 'fallido',
    'outcome.interrupted': 'interrumpido',
    'outcome.pending': 'en curso',
  },
)

type Keys = keyof (typeof messages)['en']

export function outcomeKey(outcome: string): Extract<Keys, `outcome.${string}`> {
  const key = `outcome.${outcome}`
  return key in messages.en ? (key as Extract<Keys, `outcome.${string}`>) : 'outcome.error'
}
