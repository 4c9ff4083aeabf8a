/* SPDX-License-Identifier: Apache-2.0 */
/* The naive stack's calls, and its table. */
#include <stdlib.h>
#include <string.h>

#include "tests/plugins/naive.h"

static uint32_t get32(const uint8_t* p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t address_of(const struct tcproof_address* a) {
  return a->family == 4 ? get32(a->octets) : 0;
}

static Stack* create(const struct tcproof_configuration* configuration,
                     const struct tcproof_services* services, tcproof_time now) {
  Stack* s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  s->services = *services;
  memcpy(s->mac, configuration->mac, 6);
  s->address = address_of(&configuration->v4);
  s->mask = configuration->v4_prefix == 0 ? 0 : ~0u << (32 - configuration->v4_prefix);
  s->router = address_of(&configuration->v4_router);
  s->mtu = (uint16_t)(configuration->mtu > 1500 ? 1500 : configuration->mtu);
  s->next_port = 49152;
  s->now = now;
  return s;
}

static void destroy(Stack* s) {
  free(s);
}

static void input(Stack* s, const uint8_t* frame, size_t length, tcproof_time now) {
  s->now = now;
  naive_input(s, frame, length);
}

static void advance(Stack* s, tcproof_time now) {
  s->now = now;
  naive_advance(s);
}

static tcproof_time next_deadline(Stack* s) {
  tcproof_time first = TCPROOF_NEVER;
  for (Connection* c = s->connections; c < s->connections + MAX_CONNECTIONS; ++c)
    if (c->used && c->state != TCPROOF_CLOSED && c->due < first) first = c->due;
  return first;
}

static Connection* connection(Stack* s, tcproof_handle handle) {
  return handle == 0 || handle > MAX_CONNECTIONS ? NULL : &s->connections[handle - 1];
}

static Connection* add(Stack* s, tcproof_handle* handle) {
  for (size_t i = 0; i < MAX_CONNECTIONS; ++i) {
    if (s->connections[i].used) continue;
    s->connections[i].used = 1;
    s->connections[i].due = TCPROOF_NEVER;
    s->connections[i].mss = DEFAULT_MSS;
    *handle = (tcproof_handle)i + 1;
    return &s->connections[i];
  }
  return NULL;
}

/* It never waits for more to send, so nodelay is all it does; nothing else can be chosen. */
static int knows(const struct tcproof_option* options, size_t count) {
  for (size_t i = 0; i < count; ++i)
    if (strcmp(options[i].name, "nodelay") != 0) return 0;
  return 1;
}

static enum tcproof_outcome open_passive(Stack* s, int family, uint16_t port,
                                         const struct tcproof_option* options, size_t count,
                                         tcproof_time now, tcproof_handle* handle) {
  if (family != 4 || !knows(options, count)) return TCPROOF_UNSUPPORTED;
  s->now = now;
  Connection* c = add(s, handle);
  if (c == NULL) return TCPROOF_NO_RESOURCES;
  c->port = port;
  c->passive = 1;
  naive_enter(s, c, TCPROOF_LISTEN);
  return TCPROOF_OK;
}

static enum tcproof_outcome open_active(Stack* s, const struct tcproof_endpoint* remote,
                                        uint16_t local_port, const struct tcproof_option* options,
                                        size_t count, tcproof_time now, tcproof_handle* handle) {
  if (remote->address.family != 4 || !knows(options, count)) return TCPROOF_UNSUPPORTED;
  s->now = now;
  Connection* c = add(s, handle);
  if (c == NULL) return TCPROOF_NO_RESOURCES;
  c->port = local_port != 0 ? local_port : s->next_port++;
  c->remote = address_of(&remote->address);
  c->remote_port = remote->port;
  c->una = (uint32_t)s->services.random(s->services.context);
  c->nxt = c->una + 1;
  naive_enter(s, c, TCPROOF_SYN_SENT);
  naive_transmit(s, c, c->una, SYN, NULL, 0);
  naive_start_timer(s, c);
  return TCPROOF_OK;
}

static enum tcproof_outcome send_text(Stack* s, tcproof_handle handle, const uint8_t* text,
                                      size_t length, int push, int urgent, tcproof_time now,
                                      size_t* taken) {
  (void)push;
  s->now = now;
  Connection* c = connection(s, handle);
  if (c == NULL || c->state == TCPROOF_CLOSED) return c == NULL ? TCPROOF_NO_CONNECTION : c->end;
  if (urgent) return TCPROOF_UNSUPPORTED;
  if (c->state == TCPROOF_LISTEN) return TCPROOF_UNSPECIFIED;
  if (c->fin_wanted) return TCPROOF_CLOSING;
  *taken = length < SEND_ROOM - c->out_length ? length : SEND_ROOM - c->out_length;
  memcpy(c->out + c->out_length, text, *taken);
  c->out_length += *taken;
  naive_push_out(s, c);
  return TCPROOF_OK;
}

static enum tcproof_outcome receive(Stack* s, tcproof_handle handle, uint8_t* into, size_t room,
                                    tcproof_time now, size_t* got) {
  s->now = now;
  Connection* c = connection(s, handle);
  if (c == NULL) return TCPROOF_NO_CONNECTION;
  *got = room < c->in_length ? room : c->in_length;
  memcpy(into, c->in, *got);
  c->in_length -= *got;
  memmove(c->in, c->in + *got, c->in_length);
  if (*got > 0) return TCPROOF_OK;
  if (c->state == TCPROOF_CLOSED) return c->end;
  const int ended = c->state == TCPROOF_CLOSE_WAIT || c->state == TCPROOF_CLOSE_IN_PROGRESS ||
                    c->state == TCPROOF_LAST_ACK || c->state == TCPROOF_TIME_WAIT;
  return ended ? TCPROOF_CLOSING : TCPROOF_OK;
}

static enum tcproof_outcome close_connection(Stack* s, tcproof_handle handle, tcproof_time now) {
  s->now = now;
  Connection* c = connection(s, handle);
  if (c == NULL || c->state == TCPROOF_CLOSED) return c == NULL ? TCPROOF_NO_CONNECTION : c->end;
  if (c->fin_wanted) return TCPROOF_CLOSING;
  if (c->state == TCPROOF_LISTEN || c->state == TCPROOF_SYN_SENT) {
    naive_finish(s, c, TCPROOF_NO_CONNECTION);
    return TCPROOF_OK;
  }
  c->fin_wanted = 1;
  naive_push_out(s, c);
  return TCPROOF_OK;
}

static enum tcproof_outcome abort_connection(Stack* s, tcproof_handle handle, tcproof_time now) {
  s->now = now;
  Connection* c = connection(s, handle);
  if (c == NULL || c->state == TCPROOF_CLOSED) return c == NULL ? TCPROOF_NO_CONNECTION : c->end;
  if (c->state != TCPROOF_LISTEN && c->state != TCPROOF_SYN_SENT)
    naive_transmit(s, c, c->nxt, RST, NULL, 0);
  naive_finish(s, c, TCPROOF_NO_CONNECTION);
  return TCPROOF_OK;
}

static enum tcproof_outcome status(Stack* s, tcproof_handle handle, const char* subject,
                                   int64_t* number) {
  Connection* c = connection(s, handle);
  if (c == NULL) return TCPROOF_NO_CONNECTION;
  if (strcmp(subject, "connection") == 0) return c->state == TCPROOF_CLOSED ? c->end : TCPROOF_OK;
  if (strcmp(subject, "mss") == 0) *number = c->mss;
  if (strcmp(subject, "unread") == 0) *number = (int64_t)c->in_length;
  return strcmp(subject, "mss") == 0 || strcmp(subject, "unread") == 0 ? TCPROOF_OK
                                                                       : TCPROOF_UNSUPPORTED;
}

static enum tcproof_state state(Stack* s, tcproof_handle handle) {
  Connection* c = connection(s, handle);
  return c == NULL ? TCPROOF_CLOSED : c->state;
}

static int remote(Stack* s, tcproof_handle handle, struct tcproof_endpoint* endpoint) {
  Connection* c = connection(s, handle);
  if (c == NULL || c->state == TCPROOF_CLOSED || c->state == TCPROOF_LISTEN) return 0;
  memset(endpoint, 0, sizeof *endpoint);
  endpoint->address.family = 4;
  for (int i = 0; i < 4; ++i) endpoint->address.octets[i] = (uint8_t)(c->remote >> (24 - 8 * i));
  endpoint->port = c->remote_port;
  return 1;
}

static const char* const features[] = {"ipv4", "half-close", NULL};
static const struct tcproof_parameter values[] = {
    {"rto_initial", "1s"}, {"rto_min", "1s"}, {"time_wait", "60s"}, {NULL, NULL}};

static const struct tcproof_stack_functions functions = {
    .abi = TCPROOF_STACK_ABI,
    .size = sizeof functions,
    .name = "naive",
    .version = "1",
    .states = TCPROOF_STATES_EVERY,
    .features = features,
    .values = values,
    .create = create,
    .destroy = destroy,
    .input = input,
    .next_deadline = next_deadline,
    .advance = advance,
    .open_passive = open_passive,
    .open_active = open_active,
    .send = send_text,
    .receive = receive,
    .close = close_connection,
    .abort = abort_connection,
    .status = status,
    .state = state,
    .remote = remote,
};

const struct tcproof_stack_functions* tcproof_stack(void) {
  return &functions;
}
