// Requests that a foreign page makes its visitor's browser send. Once the visitor has logged in at the dashboard, the browser sends
// user and password along with each of them, and a form can send JSON as well: the page need not see the answer to `stop` a node.
// (Cross-site request forgery)

import type { HttpRequest } from '../../message/http-request.ts';

/** Methods that change nothing. Their answers are kept from foreign pages by the browser. */
const READING: readonly string[] = ['GET', 'HEAD'];

/**
 * Whether a request comes from a page that this server did not serve: its `Origin`, which browsers send with every other method
 * than `GET` and `HEAD`, is not the `Host` that was asked. Other programs send no `Origin`.
 *
 * @param allowed - Origins that may, such as `https://admin.example`, in lower case.
 */
export function isFromForeignPage(request: HttpRequest, allowed: ReadonlySet<string>): boolean {
  if (READING.includes(request.method)) return false;
  const origin = request.header('origin')?.toLowerCase();
  if (origin === undefined || allowed.has(origin)) return false;
  const host = request.header('host')?.toLowerCase() ?? '';
  return origin !== `http://${host}` && origin !== `https://${host}`;
}
