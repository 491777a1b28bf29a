//! Sockets that are looked up, and released on every path: one is there, others are not.

use crate::generate::Generator;
use crate::generate::types::Ty;
use differential::packets::Form;
use differential::sockets::PORT;

/// A tuple has so many bytes on the stack.
const TUPLE: usize = 40;

impl Generator {
    pub fn socket_statement(&mut self) -> Option<String> {
        if self.is_holding() || self.errors.is_deferred || self.stack + TUPLE > 2 * self.stack_limit() {
            return None;
        }
        let at_the_top = self.scope.depth() == 1 && self.loops == 0;
        let (tuple, lookup) = self.lookup();
        let name = self.fresh("sk");
        Some(match self.random.below(5) {
            0 if self.may_exit() && at_the_top => {
                let exit = self.exit();
                let defer = match self.random.below(2) {
                    0 => format!("defer bpf_sk_release({name})"),
                    _ => format!("defer {{\nbpf_sk_release({name})\nnote(6)\n}}"),
                };
                format!("{tuple}var {name} = {lookup} else {{\n{exit}\n}}\n{defer}\n{}", self.looked_at(&name))
            }
            1 if self.may_exit() => {
                let (none, condition) = (self.exit(), self.condition_holding());
                let (look, body, exit) = (self.looked_at(&name), self.held(), self.exit());
                format!(
                    "{{\n{tuple}var {name} = {lookup} else {{\n{none}\n}}\n{look}\nif ({condition}) {{\nbpf_sk_release({name})\n{exit}\n}}\n\
                     {body}\nbpf_sk_release({name})\n}}"
                )
            }
            2 => {
                let (look, body) = (self.looked_at(&name), self.held());
                format!(
                    "{{\n{tuple}var {name} = {lookup}\nif ({name} != null) {{\n{look}\n{body}\nbpf_sk_release({name})\n}}\n}}"
                )
            }
            3 => {
                let (look, body, condition) = (self.looked_at(&name), self.held(), self.condition_holding());
                format!(
                    "{{\n{tuple}if (var {name} = {lookup}) {{\ntry {{\n{look}\n{body}\nif ({condition}) throw 4\nnote(8)\n}} catch _ {{\n\
                     note(9)\n}}\nbpf_sk_release({name})\n}}\n}}"
                )
            }
            _ => {
                let (look, body) = (self.looked_at(&name), self.held());
                let otherwise = if self.random.percent(40) { " else { note(404) }" } else { "" };
                format!(
                    "{{\n{tuple}if (var {name} = {lookup}) {{\n{look}\n{body}\nbpf_sk_release({name})\n}}{otherwise}\n}}"
                )
            }
        })
    }

    fn held(&mut self) -> String {
        self.holding(|this| {
            this.scope.open();
            let text = format!("{{\n{}\n}}", this.statements(1));
            this.scope.close();
            text
        })
    }

    /// What makes the tuple, and the call that looks it up.
    fn lookup(&mut self) -> (String, String) {
        let helper = self.random.pick(&["bpf_sk_lookup_tcp", "bpf_sk_lookup_tcp", "bpf_skc_lookup_tcp"]);
        let other = PORT + 1;
        let port = match self.random.below(4) {
            0 => other.to_string(),
            1 => format!("({} ? {PORT} : {other})", self.condition(1)),
            _ => PORT.to_string(),
        };
        if self.random.percent(30) {
            let function = self.own_name("find");
            let context = if self.form() == Form::Tc { "__sk_buff" } else { "xdp_md" };
            self.line(&format!(
                "@helper fn {function}(ctx: *{context}, port: be16) -> *bpf_sock? {{\nvar tuple = bpf_sock_tuple {{ ipv4: \
                 bpf_sock_tuple_ipv4 {{ daddr: 0x7f000001, dport: port, .. }}, .. }}\nnote(port as u64)\n\
                 return {helper}(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0)\n}}"
            ));
            let local = self.fresh("port");
            return (format!("var {local}: be16 = {port}\n"), format!("{function}(ctx, {local})"));
        }
        let tuple = self.fresh("tuple");
        let saddr = self.value_of(&Ty::Be(32), 1);
        self.stack += TUPLE;
        let text = format!(
            "var {tuple} = bpf_sock_tuple {{ ipv4: bpf_sock_tuple_ipv4 {{ saddr: {saddr}, daddr: 0x0a000001, sport: 99, dport: {port} }}, \
             .. }}\n"
        );
        let size = self.random.pick(&["sizeof(TUPLE.ipv4)", "sizeof(TUPLE.ipv4)", "sizeof(TUPLE.ipv6)", "12"]);
        let size = size.replace("TUPLE", &tuple);
        (text, format!("{helper}(ctx, &{tuple}, {size}, BPF_F_CURRENT_NETNS, 0)"))
    }

    fn looked_at(&mut self, name: &str) -> String {
        let field = self.random.pick(&["state", "family", "src_port", "src_ip4"]);
        match self.random.below(3) {
            0 if self.form() == Form::Tc => {
                let full = self.fresh("full");
                format!("if (var {full} = bpf_sk_fullsock({name})) note({full}->protocol as u64 + {full}->type)")
            }
            _ => format!("note({name}->{field} as u64)"),
        }
    }
}
