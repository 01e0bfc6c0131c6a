// Metric families of a Bitcoin node: its peers (in one pass), their traffic, its address book and bans.

import type { AddrMan } from '../../addrman/addr-man.ts';
import type { Connman } from '../../connman/connman.ts';
import { PROTOCOL_VERSION } from '../../p2p/protocol.ts';
import type { PeerManager } from '../../peerman/peer-manager.ts';
import type { BanMan } from '../../storage/ban-man.ts';
import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import type { BitcoinTally } from './bitcoin-tally.ts';
import { CounterTable } from './counter-table.ts';
import type { MetricsPage } from './metrics-page.ts';

/** A Bitcoin node, or the parts of one. */
export interface MeasuredNode {
  readonly connman: Connman;
  readonly tally: BitcoinTally;
  readonly peerManager: PeerManager | undefined;
  readonly addrMan: AddrMan | undefined;
  readonly banMan: BanMan | undefined;
  /** Name of the chain. */
  readonly chain: string;
}

const NETWORKS: readonly PublicNetworkName[] = ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'];

/** Adds the families of a node. */
export function addBitcoinMetrics(page: MetricsPage, node: MeasuredNode): void {
  const { connman, tally } = node;
  page
    .gauge('bitcoin_info', 'Chain, user agent and protocol version.')
    .add(1, { chain: node.chain, subversion: connman.userAgent, protocolversion: String(PROTOCOL_VERSION) });
  page.gauge('bitcoin_network_active', 'Whether connections are wanted.').add(connman.isNetworkActive ? 1 : 0);
  addPeers(page, connman);
  tally.connectAttempts.addTo(page.counter('bitcoin_connect_attempts_total', 'Dials, by network and result.'));
  tally.disconnects.addTo(page.counter('bitcoin_disconnects_total', 'Connections that ended, by reason.'));
  tally.handshakes.addTo(
    page.counter('bitcoin_transport_handshakes_total', 'Handshakes, by version of the transport and result.'),
  );
  page.counter('bitcoin_evictions_total', 'Inbound peers that made room for others.').add(tally.evictions);
  addTraffic(page, connman);
  if (node.peerManager !== undefined) addConversation(page, node.peerManager);
  if (node.addrMan !== undefined) addAddressBook(page, node.addrMan);
  if (node.banMan === undefined) return;
  page.gauge('bitcoin_banned', 'Addresses and subnets that are banned.').add(node.banMan.getBanned().length);
  page.gauge('bitcoin_discouraged', 'Addresses discouraged since the start.').add(node.banMan.discouragedCount);
}

/** The single pass over the peers. */
function addPeers(page: MetricsPage, connman: Connman): void {
  const peers = new CounterTable(['direction', 'network', 'connection_type', 'transport']);
  let [receivedBytes, sentBytes, receivePaused, sendPaused] = [0, 0, 0, 0];
  for (const node of connman.nodes()) {
    const { transportType } = node.transportInfo;
    const direction = node.isInbound ? 'in' : 'out';
    peers.add(direction, node.connectedThroughNetwork, node.connectionType, transportType);
    receivedBytes += node.receivedMemoryBytes;
    sentBytes += node.sendMemoryBytes;
    if (node.isReceivePaused) receivePaused++;
    if (node.isSendPaused) sendPaused++;
  }
  peers.addTo(page.gauge('bitcoin_peers', 'Peers, those in their handshake included.'));
  page
    .gauge('bitcoin_queue_bytes', 'Memory of what waits to be processed and to be sent, over all peers.')
    .add(receivedBytes, { direction: 'received' })
    .add(sentBytes, { direction: 'sent' });
  page
    .gauge('bitcoin_peers_paused', 'Peers of which too much waits: not received from, or not processed.')
    .add(receivePaused, { direction: 'received' })
    .add(sendPaused, { direction: 'sent' });
}

function addTraffic(page: MetricsPage, connman: Connman): void {
  const { totalbytesrecv, totalbytessent, uploadtarget } = connman.getNetTotals();
  page
    .counter('bitcoin_net_bytes_total', 'Bytes received from peers and sent to them.')
    .add(totalbytesrecv, { direction: 'received' })
    .add(totalbytessent, { direction: 'sent' });
  const messages = page.counter('bitcoin_messages_total', 'Messages, by type.');
  const bytes = page.counter('bitcoin_message_bytes_total', 'Bytes of messages on the wire, by type.');
  for (const [direction, tallies] of Object.entries(connman.messageTotals())) {
    for (const [name, tally] of tallies) {
      // Core's name for all other types has stars.
      const labels = { direction, type: name.replaceAll('*', '') };
      messages.add(tally.messages, labels);
      bytes.add(tally.bytes, labels);
    }
  }
  page.gauge('bitcoin_upload_target_bytes', 'Upload allowed in a day; 0 for any.').add(uploadtarget.target);
  page.gauge('bitcoin_upload_left_bytes', 'Upload left of it.').add(uploadtarget.bytes_left_in_cycle);
}

function addConversation(page: MetricsPage, { counts }: PeerManager): void {
  page.histogram('bitcoin_ping_seconds', 'Round trips of pings.').addHistogram(counts.pingSeconds);
  page
    .counter('bitcoin_addr_processed_total', 'Addresses that peers told of and that were looked at.')
    .add(counts.addressesProcessed);
  page
    .counter('bitcoin_addr_rate_limited_total', 'Addresses beyond the rate of the peer that told of them.')
    .add(counts.addressesRateLimited);
  page.counter('bitcoin_misbehaving_total', 'Peers that broke the protocol.').add(counts.misbehaving);
}

function addAddressBook(page: MetricsPage, addrMan: AddrMan): void {
  const addresses = page.gauge('bitcoin_addrman_addresses', 'Addresses in the book.');
  for (const network of NETWORKS) {
    addresses.add(addrMan.size(network, true), { network, table: 'new' });
    addresses.add(addrMan.size(network, false), { network, table: 'tried' });
  }
}
