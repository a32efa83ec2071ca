/** The thread in which documents are made: what it takes for them (schemas, descriptions, texts of megabytes) is given back when it ends. */
import { parentPort, workerData } from 'node:worker_threads'
import { makeHere, type Wanted } from './making.ts'

if (parentPort) parentPort.postMessage(await makeHere(workerData as Wanted))
