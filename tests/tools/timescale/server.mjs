// Serves a WebAssembly TimescaleDB over PostgreSQL's wire protocol: node server.mjs PACKAGE_FOLDER PORT
//
// The database has one back end, so connections take turns: whoever has a transaction open keeps the turn until it ends.
// Names of prepared statements and portals are made private to their connection.
import net from 'node:net'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, port] = process.argv.slice(2)
const load = (file) => import(pathToFileURL(path.join(folder, 'dist', file)).href)
const { PGlite } = await load('index.js')
const { timescaledb } = await load('timescaledb/index.js')
const db = await PGlite.create('memory://', { extensions: { timescaledb } })

const SSL_REQUEST = 80877103
const GSS_REQUEST = 80877104
const CANCEL_REQUEST = 80877102
const text = (s) => Buffer.from(s + '\0')

function message(type, body) {
  const head = Buffer.alloc(5)
  head.write(type, 0)
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}

function greeting(id) {
  const key = Buffer.alloc(8)
  key.writeInt32BE(id, 0)
  const parameters = {
    server_version: '17.5', server_encoding: 'UTF8', client_encoding: 'UTF8', DateStyle: 'ISO, MDY',
    integer_datetimes: 'on', standard_conforming_strings: 'on', TimeZone: 'GMT',
  }
  return Buffer.concat([
    message('R', Buffer.alloc(4)),
    ...Object.entries(parameters).map(([name, value]) => message('S', Buffer.concat([text(name), text(value)]))),
    message('K', key),
    message('Z', Buffer.from('I')),
  ])
}

function* split(bytes) {
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1)
    yield [String.fromCharCode(bytes[at]), bytes.subarray(at, end)]
    at = end
  }
}

// --- taking turns -------------------------------------------------------------------------------------------------

const waiting = [] // { client, bytes, afterCopy, silent }
let holder = null // the client with an open transaction
let working = false

function submit(job) {
  waiting.push(job)
  work()
}

async function work() {
  if (working) return
  working = true
  try {
    for (;;) {
      const next = waiting.findIndex((job) => holder === null || job.client === holder)
      if (next < 0) break
      const [job] = waiting.splice(next, 1)
      await answer(job)
    }
  } finally {
    working = false
  }
}

async function answer({ client, bytes, afterCopy, silent }) {
  let reply
  try {
    reply = Buffer.from(await db.execProtocolRaw(new Uint8Array(bytes)))
  } catch (error) {
    console.error('engine:', String(error).slice(0, 200))
    client.socket.destroy()
    if (holder === client) holder = null
    return
  }
  const parts = [...split(reply)]
  const ready = parts.filter(([type]) => type === 'Z').map(([, frame]) => String.fromCharCode(frame[5])).pop()
  holder = ready === 'I' ? null : client
  if (afterCopy) reply = Buffer.concat(parts.filter(([type]) => type !== 'G').map(([, frame]) => frame))
  if (!silent) client.socket.write(reply)
}

// --- one connection -----------------------------------------------------------------------------------------------

function renamed(type, frame, prefix) {
  const end = (from) => frame.indexOf(0, from)
  const name = (from) => frame.toString('latin1', from, end(from))
  if (type === 'P' && name(5)) return message('P', Buffer.concat([text(prefix + name(5)), frame.subarray(end(5) + 1)]))
  if (type === 'B') {
    const statement = end(5) + 1
    if (!name(statement)) return frame
    return message('B', Buffer.concat([frame.subarray(5, statement), text(prefix + name(statement)), frame.subarray(end(statement) + 1)]))
  }
  if ((type === 'D' || type === 'C') && frame[5] === 'S'.charCodeAt(0) && name(6))
    return message(type, Buffer.concat([Buffer.from('S'), text(prefix + name(6))]))
  return frame
}

let clients = 0

const server = net.createServer((socket) => {
  const client = { socket, id: ++clients }
  let bytes = Buffer.alloc(0)
  let started = false
  let batch = []
  let copy = null // frames of a running COPY FROM STDIN
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('close', () => {
    for (let i = waiting.length - 1; i >= 0; i--) if (waiting[i].client === client) waiting.splice(i, 1)
    if (holder === client) submit({ client, bytes: message('Q', text('rollback')), silent: true })
  })

  function start() {
    if (bytes.length < 8) return false
    const length = bytes.readInt32BE(0)
    if (bytes.length < length) return false
    const code = bytes.readInt32BE(4)
    bytes = bytes.subarray(length)
    if (code === SSL_REQUEST || code === GSS_REQUEST) socket.write('N')
    else if (code === CANCEL_REQUEST) socket.destroy()
    else {
      started = true
      socket.write(greeting(client.id))
    }
    return true
  }

  function take() {
    if (bytes.length < 5) return false
    const length = 1 + bytes.readInt32BE(1)
    if (bytes.length < length) return false
    const type = String.fromCharCode(bytes[0])
    const frame = Buffer.from(bytes.subarray(0, length))
    bytes = bytes.subarray(length)
    if (type === 'X') socket.end()
    else if (copy) {
      copy.push(frame)
      if (type === 'c' || type === 'f') {
        submit({ client, bytes: Buffer.concat(copy), afterCopy: true })
        copy = null
      }
    } else if (type === 'Q') {
      const statement = frame.toString('utf8', 5, frame.length - 1)
      if (/^\s*copy\s[^;]*\sfrom\s+stdin/i.test(statement)) {
        copy = [frame]
        socket.write(message('G', Buffer.from([/binary/i.test(statement) ? 1 : 0, 0, 0])))
      } else submit({ client, bytes: frame })
    } else {
      batch.push(renamed(type, frame, `c${client.id}_`))
      if (type === 'S' || type === 'H' || batch.length >= 240) {
        submit({ client, bytes: Buffer.concat(batch) })
        batch = []
      }
    }
    return true
  }

  socket.on('data', (more) => {
    bytes = bytes.length ? Buffer.concat([bytes, more]) : more
    while (started ? take() : start());
  })
})

process.on('SIGTERM', () => process.exit(0))
server.listen(Number(port), '127.0.0.1', () => console.log('ready'))
