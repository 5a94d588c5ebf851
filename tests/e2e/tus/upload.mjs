// Drives tus-js-client 4: node upload.mjs MODE ENDPOINT TOKEN FILE STORAGE [LIMIT]. Prints one line of JSON.
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'

const tus = createRequire(process.env.TUS_MODULES + '/')('tus-js-client')
const [mode, endpoint, token, file, storage, limit] = process.argv.slice(2)
const headers = { Authorization: 'Bearer ' + token }
let sent = 0
let requests = []
let intruded = false

// Sends the piece that the client is about to send, behind its back.
const intrude = async (request) => {
  intruded = true
  const offset = Number(request.getHeader('Upload-Offset'))
  const reply = await fetch(request.getURL(), {
    method: 'PATCH',
    headers: {
      ...headers,
      'Tus-Resumable': '1.0.0',
      'Upload-Offset': String(offset),
      'Content-Type': 'application/offset+octet-stream',
    },
    body: readFileSync(file).subarray(offset, offset + 1000),
  })
  if (reply.status !== 204) throw new Error('intruder: ' + reply.status)
}

const say = (result) => {
  console.log(JSON.stringify({ ...result, sent, requests }))
  process.exit(0)
}

const upload = new tus.Upload(createReadStream(file), {
  endpoint,
  headers,
  chunkSize: 65536,
  uploadSize: statSync(file).size,
  retryDelays: [0, 0, 0],
  metadata: { filename: 'from node.mp4', filetype: 'video/mp4' },
  urlStorage: new tus.FileUrlStorage(storage),
  fingerprint: async () => 'the file',
  overridePatchMethod: mode === 'override',
  onBeforeRequest: async (request) => {
    if (mode === 'wrong' && !intruded && Number(request.getHeader('Upload-Offset')) > 0) await intrude(request)
  },
  onAfterResponse: (request, response) => {
    requests.push(request.getMethod() + ' ' + response.getStatus())
  },
  onChunkComplete: async (size, offset) => {
    sent += size
    if (mode === 'pause' && offset >= Number(limit)) {
      await upload.abort()
      say({ offset, url: upload.url })
    }
    if (mode === 'abort' && offset >= Number(limit)) {
      await upload.abort(true)
      say({ offset, url: upload.url })
    }
  },
  onSuccess: () => say({ done: true, url: upload.url }),
  onError: (error) => say({ error: String(error) }),
})

if (mode === 'resume') {
  const previous = await upload.findPreviousUploads()
  if (previous.length > 0) upload.resumeFromPreviousUpload(previous[0])
}
upload.start()
