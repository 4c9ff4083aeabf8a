// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

/// What the internet layer traces: one name for each decision of an RFC, so that the rules a run has
/// exercised can be counted. A rule that drops a packet or a message begins with "drop: ", one that
/// keeps an ICMP error back with "no icmp: ".
namespace tcproof::ip::rule {

using Rule = std::string_view;

/// Every rule below.
std::span<const Rule> all();

// Ethernet
inline constexpr Rule ethernet_shorter_than_a_header = "drop: ethernet, shorter than a header";
inline constexpr Rule ethernet_not_for_us = "drop: ethernet, not for us";
inline constexpr Rule ethernet_a_type_that_nothing_here_knows =
    "drop: ethernet, a type that nothing here knows";

// ARP
inline constexpr Rule arp_shorter_than_its_fields = "drop: arp, shorter than its fields, RFC 826";
inline constexpr Rule arp_not_for_ethernet = "drop: arp, not for Ethernet, RFC 826";
inline constexpr Rule arp_not_for_ipv4 = "drop: arp, not for IPv4, RFC 826";
inline constexpr Rule arp_a_group_as_sender_hardware_address =
    "drop: arp, a group as sender hardware address, RFC 1812 3.3.2";
inline constexpr Rule arp_a_group_as_sender_protocol_address =
    "drop: arp, a group as sender protocol address, RFC 1812 3.3.2";
inline constexpr Rule arp_somebody_claims_our_address =
    "drop: arp, somebody claims our address, RFC 5227 2.4";
inline constexpr Rule arp_no_answer_to_three_requests =
    "arp: no answer to three requests, RFC 1122 2.3.2.1";
inline constexpr Rule arp_for_another_host = "drop: arp, asks for another host, RFC 826";
inline constexpr Rule arp_advice_against =
    "arp: an upper layer doubts the gateway, asked for anew, RFC 1122 3.3.1.4";

// Neighbour discovery
inline constexpr Rule nd_shorter_than_its_fixed_part =
    "drop: nd, shorter than its fixed part, RFC 4861 7.1";
inline constexpr Rule nd_a_router_solicitation_to_a_host =
    "drop: nd, a router solicitation to a host, RFC 4861 6.2.6";
inline constexpr Rule nd_came_in_fragments = "drop: nd, came in fragments, RFC 6980 5";
inline constexpr Rule nd_hop_limit_is_not_255 = "drop: nd, hop limit is not 255, RFC 4861 7.1";
inline constexpr Rule nd_code_is_not_0 = "drop: nd, code is not 0, RFC 4861 7.1";
inline constexpr Rule nd_an_option_of_length_0 = "drop: nd, an option of length 0, RFC 4861 7.1";
inline constexpr Rule nd_the_target_is_a_multicast_address =
    "drop: nd, the target is a multicast address, RFC 4861 7.1";
inline constexpr Rule nd_from_unspecified_to_no_solicited_node_address =
    "drop: nd, from :: to no solicited-node address, RFC 4861 7.1.1";
inline constexpr Rule nd_from_unspecified_with_a_link_address =
    "drop: nd, from :: with a link address, RFC 4861 7.1.1";
inline constexpr Rule nd_solicited_yet_to_a_multicast_address =
    "drop: nd, solicited, yet to a multicast address, RFC 4861 7.1.2";
inline constexpr Rule nd_a_solicitation_from_our_own_address =
    "drop: nd, a solicitation from our own address";
inline constexpr Rule nd_solicitation_for_another_host =
    "drop: nd, a solicitation for another host, RFC 4861 7.2.3";
inline constexpr Rule nd_somebody_claims_our_address =
    "drop: nd, somebody claims our address, RFC 4862 5.4.4";
inline constexpr Rule nd_advertises_a_neighbour_nobody_asked_for =
    "drop: nd, advertises a neighbour nobody asked for, RFC 4861 7.2.5";
inline constexpr Rule nd_an_answer_without_link_address =
    "drop: nd, an answer without link address, RFC 4861 7.2.5";
inline constexpr Rule nd_a_group_as_link_address =
    "drop: nd, a group as link address, RFC 4861 7.2.5";
inline constexpr Rule nd_no_answer_to_three_solicitations =
    "nd: no answer to three solicitations, RFC 4861 7.2.2";
inline constexpr Rule nd_an_address_that_is_not_ours_yet =
    "drop: nd, asks for an address that is not ours yet, RFC 4862 5.4.3";
inline constexpr Rule nd_stale_again =
    "nd: another link address without override, STALE, RFC 4861 7.2.5";
inline constexpr Rule nd_delay_is_over =
    "nd: nobody confirmed the neighbour in DELAY, PROBE, RFC 4861 7.3.3";
inline constexpr Rule nd_confirmed =
    "nd: progress of an upper layer confirms the neighbour, RFC 4861 7.3.1";
inline constexpr Rule nd_advice_against =
    "nd: an upper layer doubts the neighbour, STALE, RFC 4861 7.3.3";
inline constexpr Rule nd_host_no_more_router = "nd: the router flag went away, RFC 4861 7.2.5";

// Duplicate address detection
inline constexpr Rule dad_solicit = "dad: is the address free, RFC 4862 5.4.2";
inline constexpr Rule dad_unique = "dad: nobody answered, the address is ours, RFC 4862 5.4";
inline constexpr Rule dad_duplicate_advertised =
    "dad: somebody advertises the tentative address, RFC 4862 5.4.4";
inline constexpr Rule dad_duplicate_solicited =
    "dad: somebody checks the same address, RFC 4862 5.4.3";

// Routers, prefixes and redirects
inline constexpr Rule router_solicit = "router: solicitation, RFC 4861 6.3.7";
inline constexpr Rule router_advertisement_not_link_local =
    "drop: nd, a router advertisement from no link-local address, RFC 4861 6.1.2";
inline constexpr Rule router_learnt = "router: advertisement of a default router, RFC 4861 6.3.4";
inline constexpr Rule router_lifetime_over = "router: lifetime over, RFC 4861 6.3.5";
inline constexpr Rule router_prefix_over = "router: on-link prefix over, RFC 4861 6.3.4";
inline constexpr Rule router_mtu = "router: link MTU advertised, RFC 4861 6.3.4";
inline constexpr Rule router_mtu_refused =
    "drop: nd, an advertised MTU below 1280 or above the link, RFC 4861 6.3.4";
inline constexpr Rule router_failed =
    "router: does not answer, the next one is tried, RFC 1122 3.3.1.5 and RFC 4861 6.3.6";
inline constexpr Rule redirect_taken =
    "redirect: a better next hop for one destination, RFC 1122 3.2.2.2 and RFC 4861 8.3";
inline constexpr Rule redirect_not_from_first_hop =
    "drop: redirect, not from the present first hop, RFC 1122 3.2.2.2 and RFC 4861 8.1";
inline constexpr Rule redirect_off_link =
    "drop: redirect, to a gateway that is not on the link, RFC 1122 3.2.2.2";
inline constexpr Rule redirect_not_link_local =
    "drop: redirect, from no link-local address or to no neighbour, RFC 4861 8.1";
inline constexpr Rule redirect_destination_is_a_group =
    "drop: redirect, about a multicast destination, RFC 4861 8.1";

// IPv4
inline constexpr Rule ipv4_shorter_than_a_header = "drop: ipv4, shorter than a header";
inline constexpr Rule ipv4_the_version_is_not_4 =
    "drop: ipv4, the version is not 4, RFC 1122 3.2.1.1";
inline constexpr Rule ipv4_the_header_length_is_below_20 =
    "drop: ipv4, the header length is below 20, RFC 791 3.1";
inline constexpr Rule ipv4_the_length_does_not_fit_what_came =
    "drop: ipv4, the length does not fit what came, RFC 791 3.1";
inline constexpr Rule ipv4_from_a_multicast_address =
    "drop: ipv4, from a multicast address, RFC 1122 3.2.1.3";
inline constexpr Rule ipv4_from_a_broadcast_address =
    "drop: ipv4, from a broadcast address, RFC 1122 3.2.1.3";
inline constexpr Rule ipv4_from_a_loopback_address =
    "drop: ipv4, from a loopback address, RFC 1122 3.2.1.3";
inline constexpr Rule ipv4_from_a_class_e_address =
    "drop: ipv4, from a class E address, RFC 1122 3.2.1.3";
inline constexpr Rule ipv4_from_our_own_address = "drop: ipv4, from our own address";
inline constexpr Rule ipv4_an_option_of_wrong_length =
    "drop: ipv4, an option of wrong length, RFC 1122 3.2.1.8";
inline constexpr Rule ipv4_a_source_route_that_goes_on_from_here =
    "drop: ipv4, a source route that goes on from here, RFC 1122 3.3.5";
inline constexpr Rule ipv4_bad_header_checksum =
    "drop: ipv4, bad header checksum, RFC 1122 3.2.1.2";
inline constexpr Rule ipv4_not_for_us = "drop: ipv4, not for us, RFC 1122 3.2.1.3";
inline constexpr Rule ipv4_a_group_we_have_not_joined =
    "drop: ipv4, a group we have not joined, RFC 1122 3.2.1.3";
inline constexpr Rule ipv4_a_link_layer_broadcast_for_one_host =
    "drop: ipv4, a link-layer broadcast for one host, RFC 1122 3.3.6";
inline constexpr Rule ipv4_a_fragment_whose_length_is_no_multiple_of_8 =
    "drop: ipv4, a fragment whose length is no multiple of 8, RFC 791 3.2";

// IPv6
inline constexpr Rule ipv6_not_for_us = "drop: ipv6, not for us, RFC 8200 3";
inline constexpr Rule ipv6_from_a_multicast_address =
    "drop: ipv6, from a multicast address, RFC 4291 2.7";
inline constexpr Rule ipv6_from_the_loopback_address =
    "drop: ipv6, from the loopback address, RFC 4291 2.5.3";
inline constexpr Rule ipv6_an_extension_header_beyond_the_end =
    "drop: ipv6, an extension header beyond the end, RFC 8200 4";
inline constexpr Rule ipv6_no_next_header = "drop: ipv6, no next header, RFC 8200 4.7";
inline constexpr Rule ipv6_hop_by_hop_options_not_in_front =
    "drop: ipv6, hop-by-hop options not in front, RFC 8200 4";
inline constexpr Rule ipv6_an_option_beyond_its_header =
    "drop: ipv6, an option beyond its header, RFC 8200 4.2";
inline constexpr Rule ipv6_an_unknown_option_that_forbids_to_go_on =
    "drop: ipv6, an unknown option that forbids to go on, RFC 8200 4.2";
inline constexpr Rule ipv6_a_routing_header_with_segments_left =
    "drop: ipv6, a routing header with segments left, RFC 8200 4.4";
inline constexpr Rule ipv6_a_fragment_whose_length_is_no_multiple_of_8 =
    "drop: ipv6, a fragment whose length is no multiple of 8, RFC 8200 4.5";
inline constexpr Rule ipv6_the_packet_would_be_longer_than_65535_octets =
    "drop: ipv6, the packet would be longer than 65535 octets, RFC 8200 4.5";
inline constexpr Rule ipv6_the_first_fragment_lacks_headers =
    "drop: ipv6, the first fragment lacks headers, RFC 8200 4.5";
inline constexpr Rule ipv6_the_version_is_not_6 = "drop: ipv6, the version is not 6, RFC 8200 3";
inline constexpr Rule ipv6_the_length_does_not_fit_what_came =
    "drop: ipv6, the length does not fit what came, RFC 8200 3";
inline constexpr Rule ipv6_address_not_ours_yet =
    "drop: ipv6, the address is not ours yet, RFC 4862 5.4";

// Either version
inline constexpr Rule ip_a_protocol_that_nothing_here_speaks =
    "drop: ip, a protocol that nothing here speaks";
inline constexpr Rule ip_no_address_of_that_version = "drop: ip, no address of that version";
inline constexpr Rule ip_too_many_wait_for_a_link_address =
    "drop: ip, too many packets wait for a link address, RFC 1122 2.3.2.2";

// Reassembly
inline constexpr Rule reassembly_the_packet_would_be_longer_than_65535_octets =
    "drop: reassembly, the packet would be longer than 65535 octets";
inline constexpr Rule reassembly_fragments_missing_when_the_time_was_up =
    "drop: reassembly, fragments missing when the time was up, RFC 1122 3.3.2";
inline constexpr Rule reassembly_a_fragment_without_octets =
    "drop: reassembly, a fragment without octets";
inline constexpr Rule reassembly_a_piece_of_a_packet_with_overlaps =
    "drop: reassembly, a piece of a packet with overlaps, RFC 8200 4.5";
inline constexpr Rule reassembly_a_repeated_fragment = "drop: reassembly, a repeated fragment";
inline constexpr Rule reassembly_too_much_waits =
    "drop: reassembly, too much waits, the oldest packet goes";
inline constexpr Rule reassembly_overlapping_fragments_discard_the_packet =
    "drop: reassembly, overlapping fragments discard the packet, RFC 5722 4";
inline constexpr Rule reassembly_fragments_disagree_about_the_end =
    "drop: reassembly, fragments disagree about the end";

// ICMP that comes in
inline constexpr Rule icmp_shorter_than_a_header = "drop: icmp, shorter than a header";
inline constexpr Rule icmp_bad_checksum = "drop: icmp, bad checksum, RFC 792";
inline constexpr Rule icmp_a_timestamp_request_to_a_group =
    "drop: icmp, a timestamp request to a group, RFC 1122 3.2.2.8";
inline constexpr Rule icmp_a_timestamp_request_from_nowhere =
    "drop: icmp, a timestamp request from nowhere";
inline constexpr Rule icmp_a_timestamp_without_times =
    "drop: icmp, a timestamp message shorter than its times, RFC 792";
inline constexpr Rule icmp_an_echo_request_to_a_group =
    "drop: icmp, an echo request to a group, RFC 1122 3.2.2.6";
inline constexpr Rule icmp_echo_reply = "icmp: echo reply";
inline constexpr Rule icmp_a_type_that_nothing_here_knows =
    "drop: icmp, a type that nothing here knows, RFC 1122 3.2.2";
inline constexpr Rule icmp_echo_is_switched_off = "drop: icmp, echo is switched off";
inline constexpr Rule icmp_an_echo_request_from_nowhere =
    "drop: icmp, an echo request from nowhere";
inline constexpr Rule icmp_no_way_to_the_destination = "drop: icmp, no way to the destination";
inline constexpr Rule icmp_an_error_that_nothing_here_acts_on =
    "drop: icmp, an error that nothing here acts on, RFC 9293 3.9.2.2";
inline constexpr Rule icmp_the_quoted_packet_is_too_short =
    "drop: icmp, the quoted packet is too short, RFC 1122 3.2.2";
inline constexpr Rule icmp_quotes_a_packet_that_was_not_ours =
    "drop: icmp, quotes a packet that was not ours, RFC 5927 4";

inline constexpr Rule icmpv6_shorter_than_a_header = "drop: icmpv6, shorter than a header";
inline constexpr Rule icmpv6_bad_checksum = "drop: icmpv6, bad checksum, RFC 4443 2.3";
inline constexpr Rule icmpv6_echo_reply = "icmpv6: echo reply";
inline constexpr Rule icmpv6_a_type_that_nothing_here_knows =
    "drop: icmpv6, a type that nothing here knows, RFC 4443 2.4 (b)";

// ICMP errors that are not sent
inline constexpr Rule no_icmp_too_many_errors_this_second =
    "no icmp: too many errors this second, RFC 4443 2.4 (f)";
inline constexpr Rule no_icmp_the_packet_was_sent_to_a_group =
    "no icmp: the packet was sent to a group, RFC 1122 3.2.2";
inline constexpr Rule no_icmp_the_source_is_not_a_single_host =
    "no icmp: the source is not a single host, RFC 1122 3.2.2";
inline constexpr Rule no_icmp_not_the_first_fragment =
    "no icmp: not the first fragment, RFC 1122 3.2.2";
inline constexpr Rule no_icmp_the_packet_is_an_error_itself =
    "no icmp: the packet is an error itself, RFC 1122 3.2.2";
inline constexpr Rule no_icmp_to_an_ipv6_group =
    "no icmp: the packet was sent to a group, RFC 4443 2.4 (e)";
inline constexpr Rule no_icmp_the_source_is_not_a_single_node =
    "no icmp: the source is not a single node, RFC 4443 2.4 (e)";
inline constexpr Rule no_icmp_the_packet_is_an_error_or_a_redirect_itself =
    "no icmp: the packet is an error or a redirect itself, RFC 4443 2.4 (e)";

// Path MTU discovery
inline constexpr Rule path_mtu_lowered = "path mtu: lowered, RFC 1191 3 and RFC 8201 4";
inline constexpr Rule path_mtu_aged =
    "path mtu: aged, the link's MTU is tried again, RFC 1191 6.3 and RFC 8201 5.3";
inline constexpr Rule path_mtu_below_the_floor =
    "drop: path mtu, below what IP promises, RFC 1191 3 and RFC 8201 4";
inline constexpr Rule path_mtu_not_below_the_packet =
    "drop: path mtu, the quoted packet would have fitted, RFC 5927 7.2";
inline constexpr Rule path_mtu_never_rises =
    "drop: path mtu, no less than the estimate, RFC 1191 3 and RFC 8201 4";
inline constexpr Rule path_mtu_not_sent =
    "drop: path mtu, quotes nothing that is under way, RFC 5927 4 and RFC 8201 4";

// Own echo requests
inline constexpr Rule ping_no_address_of_that_family = "drop: ping, no address of that family";

}  // namespace tcproof::ip::rule
