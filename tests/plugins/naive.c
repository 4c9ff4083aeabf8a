/* SPDX-License-Identifier: Apache-2.0 */
/* A deliberately naive stack: ARP, ping and a stop-and-wait TCP over IPv4, as somebody writes it in
 * an afternoon. It was put under test by following docs/plugin.md and nothing else. What it gets
 * wrong is what the suite is for. */
#include "tests/plugins/naive.h"

#include <string.h>

static const tcproof_time second = 1000000000u;
static const int most_tries = 8;

static uint16_t get16(const uint8_t* p) {
  return (uint16_t)(p[0] << 8 | p[1]);
}
static uint32_t get32(const uint8_t* p) {
  return (uint32_t)get16(p) << 16 | get16(p + 2);
}
static void put16(uint8_t* p, uint32_t value) {
  p[0] = (uint8_t)(value >> 8);
  p[1] = (uint8_t)value;
}
static void put32(uint8_t* p, uint32_t value) {
  put16(p, value >> 16);
  put16(p + 2, value & 0xffff);
}

static uint32_t sum(const uint8_t* p, size_t length) {
  uint32_t total = 0;
  for (size_t i = 0; i + 1 < length; i += 2) total += get16(p + i);
  return length % 2 ? total + (uint32_t)(p[length - 1] << 8) : total;
}
static uint16_t fold(uint32_t total) {
  while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
  return (uint16_t)~total;
}
static uint16_t tcp_sum(uint32_t from, uint32_t to, const uint8_t* segment, size_t length) {
  const uint32_t pseudo = (from >> 16) + (from & 0xffff) + (to >> 16) + (to & 0xffff) + TCP;
  return fold(pseudo + (uint32_t)length + sum(segment, length));
}

/* --- Ethernet and ARP --- */

static void send_frame(Stack* s, const uint8_t* to, uint16_t type, uint8_t* frame, size_t length) {
  memcpy(frame, to, 6);
  memcpy(frame + 6, s->mac, 6);
  put16(frame + 12, type);
  s->services.output(s->services.context, frame, length);
}

static void send_arp(Stack* s, uint16_t operation, const uint8_t* to, uint32_t address) {
  static const uint8_t head[6] = {0, 1, 8, 0, 6, 4};
  static const uint8_t everyone[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  uint8_t frame[60] = {0};
  memcpy(frame + 14, head, sizeof head);
  put16(frame + 20, operation);
  memcpy(frame + 22, s->mac, 6);
  put32(frame + 28, s->address);
  if (operation == 2) memcpy(frame + 32, to, 6);
  put32(frame + 38, address);
  send_frame(s, operation == 2 ? to : everyone, ARP, frame, sizeof frame);
}

static const uint8_t* neighbour(Stack* s, uint32_t address) {
  for (size_t i = 0; i < MAX_NEIGHBOURS; ++i)
    if (s->neighbours[i].address == address) return s->neighbours[i].mac;
  return NULL;
}

static void arp_input(Stack* s, const uint8_t* p, size_t length) {
  if (length < 28) return;
  const uint32_t sender = get32(p + 14);
  uint8_t* known = (uint8_t*)neighbour(s, sender);
  const int for_us = get32(p + 24) == s->address;
  if (known == NULL && for_us) {
    const size_t at = s->next_neighbour++ % MAX_NEIGHBOURS;
    s->neighbours[at].address = sender;
    known = s->neighbours[at].mac;
  }
  if (known != NULL) memcpy(known, p + 8, 6);
  if (for_us && get16(p + 6) == 1) send_arp(s, 2, p + 8, sender);
}

/* Whoever sends to us is a neighbour worth knowing: the answer needs no question. */
static void learn(Stack* s, uint32_t address, const uint8_t* mac) {
  if ((address & s->mask) != (s->address & s->mask) || neighbour(s, address) != NULL) return;
  const size_t at = s->next_neighbour++ % MAX_NEIGHBOURS;
  s->neighbours[at].address = address;
  memcpy(s->neighbours[at].mac, mac, 6);
}

/* --- IPv4: no options, no fragments --- */

/* The packet's place is frame + 14, its payload's frame + 34. What cannot be sent yet is lost; TCP
 * sends again. */
static void send_ip(Stack* s, uint32_t to, uint8_t protocol, uint8_t* frame, size_t payload) {
  uint8_t* ip = frame + 14;
  const uint32_t hop = (to & s->mask) == (s->address & s->mask) || s->router == 0 ? to : s->router;
  const uint8_t* mac = neighbour(s, hop);
  if (mac == NULL) {
    send_arp(s, 1, NULL, hop);
    return;
  }
  memset(ip, 0, 20);
  ip[0] = 0x45;
  put16(ip + 2, (uint32_t)(20 + payload));
  put16(ip + 4, s->next_id++);
  ip[8] = 64;
  ip[9] = protocol;
  put32(ip + 12, s->address);
  put32(ip + 16, to);
  put16(ip + 10, fold(sum(ip, 20)));
  send_frame(s, mac, IPV4, frame, 34 + payload);
}

static void icmp_input(Stack* s, uint32_t from, const uint8_t* p, size_t length) {
  if (length < 8 || length > 1480 || p[0] != 8 || fold(sum(p, length)) != 0) return;
  uint8_t frame[1514];
  memcpy(frame + 34, p, length);
  frame[34] = 0;
  put16(frame + 36, 0);
  put16(frame + 36, fold(sum(frame + 34, length)));
  send_ip(s, from, ICMP, frame, length);
}

/* --- TCP --- */

static void send_tcp(Stack* s, uint32_t to, uint16_t from_port, uint16_t to_port, uint32_t seq,
                     uint32_t ack, uint8_t flags, uint16_t window, const uint8_t* text,
                     size_t length) {
  uint8_t frame[1514];
  uint8_t* p = frame + 34;
  const size_t header = flags & SYN ? 24 : 20;
  memset(p, 0, header);
  put16(p, from_port);
  put16(p + 2, to_port);
  put32(p + 4, seq);
  put32(p + 8, flags & ACK ? ack : 0);
  p[12] = (uint8_t)(header / 4 << 4);
  p[13] = flags;
  put16(p + 14, window);
  if (flags & SYN) {
    p[20] = 2;
    p[21] = 4;
    put16(p + 22, s->mtu - 40u);
  }
  if (length > 0) memcpy(p + header, text, length);
  put16(p + 16, tcp_sum(s->address, to, p, header + length));
  send_ip(s, to, TCP, frame, header + length);
}

void naive_transmit(Stack* s, Connection* c, uint32_t seq, uint8_t flags, const uint8_t* text,
                    size_t length) {
  send_tcp(s, c->remote, c->port, c->remote_port, seq, c->rcv, flags,
           (uint16_t)(RECEIVE_ROOM - c->in_length), text, length);
}

void naive_enter(Stack* s, Connection* c, enum tcproof_state state) {
  const enum tcproof_state from = c->state;
  c->state = state;
  s->services.transition(s->services.context, (tcproof_handle)(c - s->connections) + 1, from, state,
                         NULL);
}

void naive_finish(Stack* s, Connection* c, enum tcproof_outcome end) {
  c->end = end;
  c->due = TCPROOF_NEVER;
  naive_enter(s, c, TCPROOF_CLOSED);
}

void naive_start_timer(Stack* s, Connection* c) {
  c->due = s->now + (second << (c->tries < 6 ? c->tries : 6));
}

/* One segment at a time. */
void naive_push_out(Stack* s, Connection* c) {
  const int open = c->state == TCPROOF_ESTABLISHED || c->state == TCPROOF_CLOSE_WAIT;
  if (!open || c->una != c->nxt) return;
  size_t length = c->out_length < c->mss ? c->out_length : c->mss;
  if (length > c->window) length = c->window;
  if (length > 0) {
    naive_transmit(s, c, c->nxt, ACK | PSH, c->out, length);
    c->nxt += (uint32_t)length;
  } else if (c->out_length == 0 && c->fin_wanted) {
    naive_transmit(s, c, c->nxt++, ACK | FIN, NULL, 0);
    naive_enter(s, c, c->state == TCPROOF_CLOSE_WAIT ? TCPROOF_LAST_ACK : TCPROOF_FIN_WAIT_1);
  } else if (c->out_length == 0) {
    return;
  }
  c->tries = 0;
  naive_start_timer(s, c);
}

static void retransmit(Stack* s, Connection* c) {
  if (++c->tries > most_tries) {
    naive_finish(s, c, TCPROOF_TIMED_OUT);
    return;
  }
  const size_t in_flight = c->nxt - c->una;
  if (c->state == TCPROOF_SYN_SENT) {
    naive_transmit(s, c, c->una, SYN, NULL, 0);
  } else if (c->state == TCPROOF_SYN_RECEIVED) {
    naive_transmit(s, c, c->una, SYN | ACK, NULL, 0);
  } else if (in_flight == 0) { /* a zero window: ask with one octet */
    naive_transmit(s, c, c->una, ACK, c->out, 1);
    c->nxt = c->una + 1;
  } else if (c->out_length >= in_flight) {
    naive_transmit(s, c, c->una, ACK | PSH, c->out, in_flight);
  } else {
    naive_transmit(s, c, c->una, ACK | FIN, NULL, 0);
  }
  naive_start_timer(s, c);
}

static void acknowledged(Stack* s, Connection* c, uint32_t ack) {
  const uint32_t count = ack - c->una;
  if (count == 0 || count > c->nxt - c->una) return;
  const size_t text = count < c->out_length ? count : c->out_length;
  memmove(c->out, c->out + text, c->out_length - text);
  c->out_length -= text;
  c->una = ack;
  c->tries = 0;
  c->due = TCPROOF_NEVER;
  if (c->state == TCPROOF_FIN_WAIT_1) naive_enter(s, c, TCPROOF_FIN_WAIT_2);
  if (c->state == TCPROOF_LAST_ACK) naive_finish(s, c, TCPROOF_NO_CONNECTION);
  if (c->state == TCPROOF_CLOSE_IN_PROGRESS) {
    naive_enter(s, c, TCPROOF_TIME_WAIT);
    c->due = s->now + 60 * second;
  }
}

static void fin_arrived(Stack* s, Connection* c) {
  ++c->rcv;
  if (c->state == TCPROOF_ESTABLISHED) naive_enter(s, c, TCPROOF_CLOSE_WAIT);
  if (c->state == TCPROOF_FIN_WAIT_1) naive_enter(s, c, TCPROOF_CLOSE_IN_PROGRESS);
  if (c->state == TCPROOF_FIN_WAIT_2) {
    naive_enter(s, c, TCPROOF_TIME_WAIT);
    c->due = s->now + 60 * second;
  }
}

struct segment {
  uint32_t from, seq, ack;
  uint16_t port, remote_port, window;
  uint8_t flags;
  const uint8_t* text;
  size_t length;
  uint16_t mss;
};

static void refuse(Stack* s, const struct segment* in) {
  if (in->flags & RST) return;
  const uint32_t length =
      (uint32_t)in->length + (in->flags & SYN ? 1 : 0) + (in->flags & FIN ? 1 : 0);
  if (in->flags & ACK) {
    send_tcp(s, in->from, in->port, in->remote_port, in->ack, 0, RST, 0, NULL, 0);
  } else {
    send_tcp(s, in->from, in->port, in->remote_port, 0, in->seq + length, RST | ACK, 0, NULL, 0);
  }
}

static void in_listen(Stack* s, Connection* c, const struct segment* in) {
  if (in->flags & RST) return;
  if (in->flags & ACK) {
    refuse(s, in);
    return;
  }
  if (!(in->flags & SYN)) return;
  c->remote = in->from;
  c->remote_port = in->remote_port;
  c->rcv = in->seq + 1;
  c->mss = in->mss;
  c->window = in->window;
  c->una = (uint32_t)s->services.random(s->services.context);
  c->nxt = c->una + 1;
  naive_enter(s, c, TCPROOF_SYN_RECEIVED);
  naive_transmit(s, c, c->una, SYN | ACK, NULL, 0);
  naive_start_timer(s, c);
}

static void in_syn_sent(Stack* s, Connection* c, const struct segment* in) {
  if ((in->flags & ACK) && in->ack != c->nxt) {
    refuse(s, in);
    return;
  }
  if ((in->flags & RST) && (in->flags & ACK)) naive_finish(s, c, TCPROOF_REFUSED);
  if ((in->flags & (RST | SYN | ACK)) != (SYN | ACK)) return;
  c->rcv = in->seq + 1;
  c->mss = in->mss;
  c->window = in->window;
  c->una = in->ack;
  c->due = TCPROOF_NEVER;
  naive_enter(s, c, TCPROOF_ESTABLISHED);
  naive_transmit(s, c, c->nxt, ACK, NULL, 0);
}

static void take_text(Connection* c, const struct segment* in) {
  const int receiving = c->state == TCPROOF_ESTABLISHED || c->state == TCPROOF_FIN_WAIT_1 ||
                        c->state == TCPROOF_FIN_WAIT_2;
  if (!receiving || in->length > RECEIVE_ROOM - c->in_length) return;
  memcpy(c->in + c->in_length, in->text, in->length);
  c->in_length += in->length;
  c->rcv += (uint32_t)in->length;
}

static void in_other_states(Stack* s, Connection* c, const struct segment* in) {
  const int occupies = in->length > 0 || (in->flags & (SYN | FIN));
  if (in->flags & RST) {
    if (in->seq != c->rcv) return;
    if (c->state == TCPROOF_SYN_RECEIVED && c->passive) {
      naive_enter(s, c, TCPROOF_LISTEN);
      c->due = TCPROOF_NEVER;
    } else {
      naive_finish(s, c, TCPROOF_RESET);
    }
    return;
  }
  if (in->seq != c->rcv || (in->flags & SYN)) {
    naive_transmit(s, c, c->nxt, ACK, NULL, 0);
    return;
  }
  if (!(in->flags & ACK)) return;
  if (c->state == TCPROOF_SYN_RECEIVED) {
    if (in->ack != c->nxt) {
      refuse(s, in);
      return;
    }
    naive_enter(s, c, TCPROOF_ESTABLISHED);
  }
  c->window = in->window;
  acknowledged(s, c, in->ack);
  if (c->state == TCPROOF_CLOSED) return;
  take_text(c, in);
  if ((in->flags & FIN) && c->rcv == in->seq + in->length) fin_arrived(s, c);
  if (occupies) naive_transmit(s, c, c->nxt, ACK, NULL, 0);
  naive_push_out(s, c);
}

static uint16_t mss_option(const uint8_t* p, size_t header) {
  for (size_t at = 20; at + 1 < header && p[at] != 0; at += p[at] == 1 ? 1 : p[at + 1]) {
    if (p[at] == 1) continue;
    if (p[at + 1] < 2) break;
    if (p[at] == 2 && at + 4 <= header && get16(p + at + 2) > 0) return get16(p + at + 2);
  }
  return DEFAULT_MSS;
}

static Connection* find(Stack* s, const struct segment* in) {
  Connection* listener = NULL;
  for (Connection* c = s->connections; c < s->connections + MAX_CONNECTIONS; ++c) {
    if (!c->used || c->port != in->port || c->state == TCPROOF_CLOSED) continue;
    if (c->state == TCPROOF_LISTEN && listener == NULL) listener = c;
    if (c->state != TCPROOF_LISTEN && c->remote == in->from && c->remote_port == in->remote_port)
      return c;
  }
  return listener;
}

static void tcp_input(Stack* s, uint32_t from, const uint8_t* p, size_t length) {
  if (length < 20 || tcp_sum(from, s->address, p, length) != 0) return;
  const size_t header = (size_t)(p[12] >> 4) * 4;
  if (header < 20 || header > length) return;
  struct segment in = {.from = from, .seq = get32(p + 4), .ack = get32(p + 8)};
  in.remote_port = get16(p);
  in.port = get16(p + 2);
  in.flags = p[13];
  in.window = get16(p + 14);
  in.text = p + header;
  in.length = length - header;
  in.mss = mss_option(p, header);
  if (in.mss > s->mtu - 40) in.mss = (uint16_t)(s->mtu - 40);
  Connection* c = find(s, &in);
  if (c == NULL) {
    refuse(s, &in);
  } else if (c->state == TCPROOF_LISTEN) {
    in_listen(s, c, &in);
  } else if (c->state == TCPROOF_SYN_SENT) {
    in_syn_sent(s, c, &in);
  } else {
    in_other_states(s, c, &in);
  }
}

void naive_input(Stack* s, const uint8_t* frame, size_t length) {
  if (length < 14) return;
  if (get16(frame + 12) == ARP) arp_input(s, frame + 14, length - 14);
  const uint8_t* ip = frame + 14;
  if (get16(frame + 12) != IPV4 || length < 34 || ip[0] != 0x45 || fold(sum(ip, 20)) != 0) return;
  const size_t total = get16(ip + 2);
  if (total < 20 || total > length - 14 || get32(ip + 16) != s->address || (get16(ip + 6) & 0x3fff))
    return;
  learn(s, get32(ip + 12), frame + 6);
  if (ip[9] == ICMP) icmp_input(s, get32(ip + 12), ip + 20, total - 20);
  if (ip[9] == TCP) tcp_input(s, get32(ip + 12), ip + 20, total - 20);
}

void naive_advance(Stack* s) {
  for (Connection* c = s->connections; c < s->connections + MAX_CONNECTIONS; ++c) {
    if (!c->used || c->state == TCPROOF_CLOSED || c->due > s->now) continue;
    if (c->state == TCPROOF_TIME_WAIT) {
      naive_finish(s, c, TCPROOF_NO_CONNECTION);
    } else {
      retransmit(s, c);
    }
  }
}
