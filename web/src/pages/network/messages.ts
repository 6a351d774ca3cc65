import { catalogue } from '~/i18n'

/** What all pages of the network area say. */
export const messages = catalogue(
  {
    'spark.none': 'No checks yet',
    'spark.allFailed': 'The last check failed || The last {count} checks failed',
    'spark.some':
      '{count} check, {failed} failed; {fastest} to {slowest} ms || {count} checks, {failed} failed; {fastest} to {slowest} ms',
    'result.done': 'Done',
    'result.notDone': 'Nothing was changed',
    'result.close': 'Close this message',
    cancel: 'Cancel',
    ms: '{count} ms',
    lessThanMs: '< 1 ms',
  },
  {
    'spark.none': 'Aún no hay comprobaciones',
    'spark.allFailed': 'La última comprobación falló || Las últimas {count} comprobaciones fallaron',
    'spark.some':
      '{count} comprobación, {failed} con fallo; de {fastest} a {slowest} ms || {count} comprobaciones, {failed} con fallo; de {fastest} a {slowest} ms',
    'result.done': 'Hecho',
    'result.notDone': 'No se ha cambiado nada',
    'result.close': 'Cerrar este mensaje',
    cancel: 'Cancelar',
    ms: '{count} ms',
    lessThanMs: '< 1 ms',
  },
)
