// What is in the log, read the plain way: over HTTP, one JSON object a line.

export async function exportedRecords(relay, space, document, after = 0) {
  const path = `/v1/spaces/${encodeURIComponent(space)}/documents/${encodeURIComponent(document)}/records`;
  const answer = await fetch(`http://127.0.0.1:${relay.http}${path}?after=${after}`);
  const body = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${body}`);
  const lines = body.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const record = JSON.parse(line);
    if (record.error !== undefined) throw new Error(`${path}: ${line}`);
    return { ...record, payload: Buffer.from(record.payload, 'base64') };
  });
}
