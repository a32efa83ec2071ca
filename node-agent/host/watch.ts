import { type FSWatcher, watch } from 'node:fs'

/**
 * Calls `onChange` with the name of an entry of the folder (or of the file itself) after something happened to it: an event may stand for
 * several changes and says nothing of what happened, so look. Answers how to stop. An error of the watch is told once, then it is over.
 */
export function watchPath(path: string, onChange: (name: string) => void, onError: (error: Error) => void = () => {}): () => void {
  let watcher: FSWatcher | undefined = watch(path, { persistent: false }, (_event, name) => onChange(name ?? ''))
  const stop = (): void => {
    watcher?.close()
    watcher = undefined
  }
  watcher.on('error', (error) => {
    stop()
    onError(error)
  })
  return stop
}
