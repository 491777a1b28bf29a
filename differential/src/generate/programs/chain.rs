//! A parse from the Ethernet header to the payload, as programs of this kind are written.

use crate::generate::Generator;
use crate::generate::types::Ty;

const U8: Ty = Ty::Int { bits: 8, signed: false };

impl Generator {
    /// The whole of it; what it finds stays in variables.
    pub fn chain(&mut self) -> String {
        let eth = self.header("ethhdr");
        let (get, name) = self.header_or_leave(eth, "0");
        let ty = self.offset_type();
        let mut text = format!(
            "{get}\nvar off: {} = 14\nvar kind = {name}->h_proto\nvar proto: u8 = 255\n{}\n",
            self.type_name(&ty),
            self.noted(&name, eth)
        );
        self.scope.add("off", ty, false);
        self.scope.add("kind", Ty::Be(16), false);
        self.scope.add("proto", U8, false);
        self.stack += 24;
        text.push_str(&self.vlans());
        text.push_str(&format!("if (kind == ETH_P_IP) {{\n{}\n}}", self.ipv4()));
        text.push_str(&format!(" else if (kind == ETH_P_IPV6) {{\n{}\n}}", self.ipv6()));
        if self.random.percent(30) && self.may_exit() {
            text.push_str(&format!(" else {{\n{}\n}}", self.leave_program()));
        }
        text.push_str(&format!("\nnote(off as u64)\nnote(proto as u64)\n{}", self.transport()));
        text
    }

    /// Where the next header is.
    fn offset_type(&mut self) -> Ty {
        Ty::Int { bits: self.random.pick(&[16, 32, 32, 32, 64]), signed: self.random.percent(15) }
    }

    /// Tags: one, or a loop that ends where they end.
    fn vlans(&mut self) -> String {
        let vlan = self.header("vlan_hdr");
        let is_tag = "kind == ETH_P_8021Q || kind == ETH_P_8021AD";
        let step = |name: &str| format!("kind = {name}->h_vlan_encapsulated_proto\noff += 4");
        let count = self.random.pick(&[1, 2, 4, 8, 40, 64]);
        self.scope.open();
        self.loops += 1;
        let (get, name) = self.header_or_leave(vlan, "off");
        let noted = self.noted(&name, vlan);
        self.loops -= 1;
        self.scope.close();
        match self.random.below(4) {
            0 => {
                let body = self
                    .header_in_block(vlan, "off", |this, name| format!("{}\n{}", this.noted(name, vlan), step(name)));
                format!("if ({is_tag}) {{\n{body}\n}}\n")
            }
            1 => format!("while ({is_tag}) {{\n{}\n}}\n", self.tag_or_break(vlan)),
            _ => format!("for (i in 0..{count}) {{\nif (!({is_tag})) break\n{get}\n{noted}\n{}\n}}\n", step(&name)),
        }
    }

    /// Without `continue`, which would never end.
    fn tag_or_break(&mut self, vlan: usize) -> String {
        let name = self.fresh("p");
        self.scope.open();
        self.bind_header(&name, vlan);
        let noted = self.noted(&name, vlan);
        self.scope.close();
        format!(
            "var {name} = ctx.packet(off, vlan_hdr) else {{ break }}\n{noted}\nkind = {name}->h_vlan_encapsulated_proto\noff += 4"
        )
    }

    fn ipv4(&mut self) -> String {
        let ip = self.header("iphdr");
        self.scope.open();
        let (get, name) = self.header_or_leave(ip, "off");
        let mut text = format!("{get}\n{}\n", self.noted(&name, ip));
        if self.random.percent(80) {
            let exit = self.exit();
            text.push_str(&format!("if ({name}->ihl < 5) {{\n{exit}\n}}\n"));
        }
        if self.random.percent(50) {
            let exit = self.exit();
            text.push_str(&format!("if ({name}->version != 4 || ({name}->frag_off & 0x1fff) != 0) {{\n{exit}\n}}\n"));
        }
        if self.random.percent(40) {
            text.push_str(&self.options("off + 20", &format!("off + {name}->ihl * 4")));
        }
        text.push_str(&format!("proto = {name}->protocol\noff += {name}->ihl * 4"));
        let before = self.statements(1);
        self.scope.close();
        format!("{text}\n{before}")
    }

    /// A loop over options, as IPv4 and TCP have them.
    fn options(&mut self, from: &str, to: &str) -> String {
        let (at, end, kind, size) = (self.fresh("at"), self.fresh("end"), self.fresh("k"), self.fresh("l"));
        let (kind_text, size_text) = match self.random.below(3) {
            0 => (format!("ctx->data[{at}]"), format!("ctx->data[{at} + 1]")),
            1 => (format!("ctx.bytes({at}, 2)[0]"), format!("ctx.bytes({at}, 2)[1]")),
            _ => (format!("ctx.bytes(0).read({at}, u8)"), format!("*(ctx->data + {at} + 1)")),
        };
        let limit = self.random.pick(&[10, 40, 64]);
        let body = format!(
            "if ({at} >= {end}) break\nvar {kind} = {kind_text}\nif ({kind} == 0) break\nif ({kind} == 1) {{\n{at} += 1\ncontinue\n}}\n\
             var {size} = {size_text}\nif ({size} < 2) break\nnote({kind} as u64 * 256 + {size})\n{at} += {size}"
        );
        let head = match self.random.below(2) {
            0 => format!("for (i in 0..{limit})"),
            _ => format!("while ({at} < {end})"),
        };
        format!("var {at}: u32 = ({from}) as u32\nvar {end}: u32 = ({to}) as u32\n{head} {{\n{body}\n}}\n")
    }

    fn ipv6(&mut self) -> String {
        let ip6 = self.header("ipv6hdr");
        self.scope.open();
        let (get, name) = self.header_or_leave(ip6, "off");
        let mut text = format!("{get}\n{}\nproto = {name}->nexthdr\noff += 40\n", self.noted(&name, ip6));
        if self.random.percent(80) {
            text.push_str(&self.extensions());
        }
        self.scope.close();
        text
    }

    fn extensions(&mut self) -> String {
        let count = self.random.pick(&[1, 2, 4, 8, 12, 24]);
        let extension = self.header("ipv6_opt_hdr");
        self.scope.open();
        self.loops += 1;
        let (get, name) = self.header_or_leave(extension, "off");
        let noted = self.noted(&name, extension);
        self.loops -= 1;
        self.scope.close();
        let fragment = self.random.pick(&[
            "if (proto == IPPROTO_FRAGMENT) off += 8 else off += (NAME->hdrlen + 1) * 8",
            "off += proto == IPPROTO_FRAGMENT ? 8 : (NAME->hdrlen + 1) * 8",
            "off += match (proto) {\nIPPROTO_FRAGMENT: 8,\ndefault: (NAME->hdrlen + 1) * 8,\n}",
        ]);
        let step = fragment.replace("NAME", &name);
        let is_other = self.random.pick(&[
            "proto != IPPROTO_HOPOPTS && proto != IPPROTO_ROUTING && proto != IPPROTO_FRAGMENT && proto != IPPROTO_DSTOPTS",
            "!(proto == 0 || proto == 43 || proto == 44 || proto == 60)",
        ]);
        format!(
            "for (i in 0..{count}) {{\nif ({is_other}) break\n{get}\n{noted}\n{step}\nproto = {name}->nexthdr\n}}\n"
        )
    }

    fn transport(&mut self) -> String {
        let mut arms = String::new();
        for (protocol, header) in
            [("IPPROTO_TCP", "tcphdr"), ("IPPROTO_UDP", "udphdr"), ("IPPROTO_ICMP | 58", "icmphdr")]
        {
            let id = self.header(header);
            let body = self.header_in_block(id, "off", |this, name| {
                let mut text = this.noted(name, id);
                if header == "tcphdr" && this.random.percent(60) {
                    text.push_str(&format!("\nif ({name}->doff >= 5) {{\n{}\n}}", this.tcp_payload(name)));
                }
                format!("{text}\n{}", this.inner())
            });
            arms.push_str(&format!("{protocol}: {{\n{body}\n}},\n"));
        }
        let view = self.view_statement();
        format!("match (proto) {{\n{arms}default: {{ }},\n}}\n{view}")
    }

    fn tcp_payload(&mut self, name: &str) -> String {
        if self.random.percent(40) {
            return self.options("off + 20", &format!("off + {name}->doff * 4"));
        }
        let (view, sum) = (self.fresh("b"), self.fresh("s"));
        format!(
            "var {view} = ctx.bytes(off + {name}->doff * 4)\nvar {sum}: u64 = 0\nfor (c in {view}) {{\nif (c == '\\n') break\n\
             {sum} = mix({sum}, c as u64)\n}}\nnote({sum})"
        )
    }
}
