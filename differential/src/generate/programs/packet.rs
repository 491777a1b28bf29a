//! Statements on the packet: a header somewhere, bytes by their offsets, what is not tested, checksums.

use crate::generate::Generator;
use crate::generate::types::Ty;

#[derive(Clone, Copy)]
enum Form {
    Header,
    Rest,
    Two,
    Byte,
    Unproven,
    View,
    Checksum,
    Compare,
}

impl Generator {
    pub fn packet_statement(&mut self) -> String {
        let may_exit = usize::from(self.may_exit());
        let form = self.random.weighted(&[
            (8, Form::Header),
            (8 * may_exit, Form::Rest),
            (3, Form::Two),
            (6, Form::Byte),
            (4, Form::Unproven),
            (14, Form::View),
            (5, Form::Checksum),
            (2, Form::Compare),
        ]);
        match form {
            Form::Header => {
                let (header, offset) = (self.any_header(), self.offset());
                self.header_in_block(header, &offset, |this, name| {
                    let noted = this.noted(name, header);
                    format!("{noted}\n{}", this.inner())
                })
            }
            Form::Rest => {
                let (header, offset) = (self.any_header(), self.offset());
                let (text, name) = self.header_or_leave(header, &offset);
                format!("{text}\n{}", self.noted(&name, header))
            }
            Form::Two => self.two_headers(),
            Form::Byte => self.byte(),
            Form::Unproven => self.unproven(),
            Form::View => self.view_statement(),
            Form::Checksum => self.checksum(),
            Form::Compare => self.positions(),
        }
    }

    /// The second one lies where the first one says.
    fn two_headers(&mut self) -> String {
        let (ip, next) = (self.header("iphdr"), self.any_header());
        let (first, second) = (self.fresh("p"), self.fresh("p"));
        let of = self.structs[next].name.clone();
        self.scope.open();
        self.bind_header(&first, ip);
        self.bind_header(&second, next);
        let tested = if self.random.percent(70) { format!("if ({first}->ihl >= 5) ") } else { String::new() };
        let (a, b) = (self.noted(&first, ip), self.noted(&second, next));
        let body = self.inner();
        self.scope.close();
        format!(
            "if (var {first} = ctx.packet(14, iphdr), var {second} = ctx.packet(14 + {first}->ihl * 4, {of})) {{\n{a}\n\
             {tested}{{\n{b}\n}}\n{body}\n}}"
        )
    }

    fn byte(&mut self) -> String {
        let offset = self.offset();
        let place = match self.random.below(3) {
            0 => format!("*(ctx->data + {offset})"),
            _ => format!("ctx->data[{offset}]"),
        };
        if self.of_program().writes && self.random.percent(50) {
            let value = self.number(1).text;
            let op = self.random.pick(&["=", "=", "^=", "+=", "|="]);
            return format!("{place} {op} ({value}) as u8");
        }
        format!("note({place} as u64)")
    }

    /// Without a test it reads zero beyond the end, and writes nothing.
    fn unproven(&mut self) -> String {
        let (header, offset) = (self.any_header(), self.offset());
        let of = self.structs[header].name.clone();
        let fields: Vec<(String, Ty)> =
            self.structs[header].fields.iter().map(|field| (field.name.clone(), field.ty.clone())).collect();
        let (field, ty) = self.random.pick(&fields);
        let mut place = format!("((ctx->data + {offset}) as *{of})->{field}");
        let mut ty = ty;
        if let Ty::Array(of, length) = ty {
            place.push_str(&format!("[{}]", self.random.below(length)));
            ty = *of;
        }
        if self.of_program().writes && self.random.percent(40) {
            return format!("{place} = {}", self.value_of(&ty, 1));
        }
        format!("note({place} as u64)")
    }

    /// Comparisons and differences of places.
    fn positions(&mut self) -> String {
        if self.form() == differential::packets::Form::Frags {
            return self.byte();
        }
        let (first, second) = (self.offset(), self.offset());
        match self.random.below(3) {
            0 => "note(ctx->data_end - ctx->data)".into(),
            1 => {
                let place = self.fresh("d");
                format!("var {place} = ctx->data + {first}\n{place} += {second}\nnote({place} - ctx->data)")
            }
            _ => {
                let op = self.random.pick(&["<", "<=", ">", ">="]);
                format!("if (ctx->data + {first} {op} ctx->data_end) {{\n{}\n}}", self.inner())
            }
        }
    }

    fn checksum(&mut self) -> String {
        let ip = self.header("iphdr");
        let writes = self.of_program().writes;
        match self.random.below(5) {
            0 if writes => self.header_in_block(ip, "14", |this, name| {
                let (field, value) = (this.random.pick(&["tot_len", "id", "frag_off"]), this.be(16, 1));
                format!(
                    "var fresh: be16 = {value}\n{name}->check = csum_update16({name}->check, {name}->{field}, fresh)\n\
                     {name}->{field} = fresh"
                )
            }),
            1 if writes => self.header_in_block(ip, "14", |this, name| {
                let (field, value) = (this.random.pick(&["saddr", "daddr"]), this.be(32, 1));
                format!(
                    "var fresh: be32 = {value}\n{name}->check = csum_update32({name}->check, {name}->{field}, fresh)\n\
                     {name}->{field} = fresh"
                )
            }),
            2 => self.header_in_block(ip, "14", |this, name| {
                let seed = if this.random.percent(40) { ", 0xffff1234" } else { "" };
                let set = if writes {
                    format!("\n{name}->check = csum_fold(csum_diff(null, *{name}))")
                } else {
                    String::new()
                };
                format!("note(csum_fold(csum_diff(null, *{name}{seed})) as u64){set}")
            }),
            3 => {
                let (offset, number) = (self.offset(), self.variable_number());
                format!("note(csum_fold(csum_diff(null, ctx.bytes({offset}), ({number}) as u32)) as u64)")
            }
            _ => {
                let (first, second) = (self.offset(), self.offset());
                let count = self.random.below(40);
                format!("note(csum_diff(ctx.bytes({first}, {count}), ctx.bytes({second})) as u64)")
            }
        }
    }
}
