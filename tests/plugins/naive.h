/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PLUGINS_NAIVE_H
#define TESTS_PLUGINS_NAIVE_H

#include "harness/targets/plugin/tcproof_stack.h"

enum {
  MAX_CONNECTIONS = 16,
  MAX_NEIGHBOURS = 8,
  SEND_ROOM = 8192,
  RECEIVE_ROOM = 4096,
  DEFAULT_MSS = 536
};
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };
enum { ARP = 0x0806, IPV4 = 0x0800, ICMP = 1, TCP = 6 };

struct connection {
  enum tcproof_state state;
  enum tcproof_outcome end; /* what calls are told when it is closed */
  int used, passive, fin_wanted, tries;
  uint32_t remote;
  uint16_t port, remote_port, mss, window;
  uint32_t una, nxt, rcv; /* SND.UNA, SND.NXT, RCV.NXT */
  tcproof_time due;
  uint8_t out[SEND_ROOM], in[RECEIVE_ROOM];
  size_t out_length, in_length;
};

struct tcproof_stack_instance {
  struct tcproof_services services;
  uint8_t mac[6];
  uint32_t address, mask, router;
  uint16_t mtu, next_port, next_id;
  tcproof_time now;
  struct {
    uint32_t address;
    uint8_t mac[6];
  } neighbours[MAX_NEIGHBOURS];
  size_t next_neighbour;
  struct connection connections[MAX_CONNECTIONS];
};
typedef struct tcproof_stack_instance Stack;
typedef struct connection Connection;

/* What arrives on the link, and what is due. */
void naive_input(Stack* s, const uint8_t* frame, size_t length);
void naive_advance(Stack* s);

/* For the user's calls: sends SEG.SEQ with these flags and this text; sends what may be sent; says
 * that the state changes; ends a connection; starts its timer. */
void naive_transmit(Stack* s, Connection* c, uint32_t seq, uint8_t flags, const uint8_t* text,
                    size_t length);
void naive_push_out(Stack* s, Connection* c);
void naive_enter(Stack* s, Connection* c, enum tcproof_state state);
void naive_finish(Stack* s, Connection* c, enum tcproof_outcome end);
void naive_start_timer(Stack* s, Connection* c);

#endif
