// The results as text: one line for each row, mode and system. docs/benchmarks.md says what the columns mean.
const microseconds = (value) => value === null ? '-'
  : value < 9.95 ? value.toFixed(1) + ' µs'
    : value < 999.5 ? value.toFixed(0) + ' µs'
      : value < 9_950 ? (value / 1000).toFixed(1) + ' ms'
        : value < 999_500 ? (value / 1000).toFixed(0) + ' ms' : (value / 1_000_000).toFixed(1) + ' s'
const quantiles = ({ p50, p99, p999 }) => [p50, p99, p999].map(microseconds).join(' / ')
const thousands = (value) => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ',')

const columns = [
  ['row', ({ row }) => row],
  ['load', ({ mode }) => mode],
  ['server', ({ system }) => system],
  ['CPU µs/delivery', ({ result }) => result.server_cpu_us_per_delivery?.toFixed(2) ?? '-'],
  ['of y-ws-server', ({ ratio }) => ratio === null ? '-' : (ratio * 100).toFixed(0) + ' %'],
  ['deliveries/s', ({ result }) => thousands(result.deliveries_per_second)],
  ['ack p50 / p99 / p99.9', ({ result, durable }) =>
    durable ? quantiles(result.ack_us) : quantiles(result.first_delivery_us) + ' †'],
  ['delivery p50 / p99 / p99.9', ({ result }) => quantiles(result.delivery_us)],
  ['RSS MiB', ({ result }) => (result.server_rss_bytes / 2 ** 20).toFixed(0)],
  ['marks', ({ result }) => (result.generator_cpu_share > 0.85 ? 'g' : '') + (result.ran_out_of_updates ? 'u' : '')]
]
const left = new Set(['row', 'load', 'server', 'marks'])

export const legend = `† no durable ack exists: publish → arrival at the first other client
g the load generator was busy more than 85 % of the time: deliveries/s and latencies are bounds of it, not of the server
u the updates ran out before the time was over; figures are of the time until then
A delivery is one update at one client other than its author. "of y-ws-server": CPU per delivery, same row and load.`

export function table(measurements) {
  const cells = [columns.map(([title]) => title)]
  for (const each of measurements) {
    const other = measurements.find(({ row, mode, system }) =>
      row === each.row && mode === each.mode && system === 'y-websocket-server')
    const ratio = other === undefined || other === each
      ? null : each.result.server_cpu_us_per_delivery / other.result.server_cpu_us_per_delivery
    cells.push(columns.map(([, format]) => format({ ...each, ratio })))
  }
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column].length)))
  const lines = cells.map((line) => '| ' + line.map((cell, column) =>
    left.has(columns[column][0]) ? cell.padEnd(widths[column]) : cell.padStart(widths[column])).join(' | ') + ' |')
  const rule = '|' + widths.map((width, column) =>
    left.has(columns[column][0]) ? '-'.repeat(width + 2) : '-'.repeat(width + 1) + ':').join('|') + '|'
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}
