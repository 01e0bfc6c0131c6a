// The table of connections remembers the one that a record spoke of last: whether it ever finds one that it must not.

import { describe, expect, it } from 'vitest';
import { Connection, NO_NODE_ID } from '../../ts/sockman/connections/connection.ts';
import type { SocketOwner } from '../../ts/sockman/connections/connection.ts';
import { ConnectionTable } from '../../ts/sockman/connections/connection-table.ts';

const OWNER = {} as SocketOwner;

/** A table with one connection that has an id, of which a record just spoke. */
function tableInTurn(): { table: ConnectionTable; connection: Connection } {
  const table = new ConnectionTable();
  const connection = new Connection(7, undefined);
  table.add(connection);
  table.assignId(connection);
  expect(table.bySlot(7)).toBe(connection);
  expect(table.byId(0)).toBe(connection);
  return { table, connection };
}

describe('The connection table', () => {
  it('finds no closed connection by its id, in the turn that closed it', () => {
    const { table, connection } = tableInTurn();
    table.remove(connection);
    expect(table.byId(0)).toBeUndefined();
    expect(table.bySlot(7)).toBeUndefined();
  });

  it('finds no connection by an id that ended, though records still speak of its socket', () => {
    const { table, connection } = tableInTurn();
    table.endId(connection);
    connection.owner = OWNER;
    expect(table.byId(0)).toBeUndefined();
    expect(table.bySlot(7)).toBe(connection);
    expect(table.byId(0)).toBeUndefined();
  });

  it('finds no dial by the id that it does not have yet', () => {
    const table = new ConnectionTable();
    const dial = new Connection(3, OWNER);
    table.add(dial);
    expect(table.bySlot(3)).toBe(dial);
    expect(table.byId(NO_NODE_ID)).toBeUndefined();
  });

  it('finds every connection by its id, whichever a record spoke of last', () => {
    const { table, connection } = tableInTurn();
    const other = new Connection(8, undefined);
    table.add(other);
    table.assignId(other);
    expect(table.byId(1)).toBe(other);
    table.bySlot(8);
    expect(table.byId(0)).toBe(connection);
    expect(table.byId(1)).toBe(other);
  });
});
