//! Syntax of the expression language: tokens to an untyped tree with Python's precedence.
//!
//! ```text
//! condition  := conjunct { "or" conjunct }
//! conjunct   := negation { "and" negation }
//! negation   := "not" negation | comparison
//! comparison := sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum ]
//! sum        := term { ("+" | "-") term }
//! term       := factor { ("*" | "/") factor }
//! factor     := ("+" | "-") factor | power
//! power      := atom [ "**" factor ]
//! atom       := number | name | name "(" arguments ")" | "(" condition ")"
//! ```
//!
//! Every tree is at most [`MAX_DEPTH`] deep, so that recursion over it is safe.

use super::functions::at;
use super::lex::{Token, TokenKind, tokens};
use super::{BinaryOp, Comparison};

/// Longest text, in characters.
const MAX_LENGTH: usize = 4096;
/// Deepest tree, and deepest nesting of parentheses and signs.
const MAX_DEPTH: usize = 64;

/// One node of the tree and the column it starts at.
#[derive(Debug)]
pub(super) struct Node {
    pub column: usize,
    pub kind: NodeKind,
    depth: usize,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Number(f64),
    Name(String),
    Neg(Box<Node>),
    Binary(BinaryOp, Box<Node>, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Call(Call),
}

impl Node {
    /// The whole number that a side of a comparison stands for, where it is of no column and has no fraction.
    fn whole(&self) -> Option<i128> {
        match &self.kind {
            NodeKind::Number(value) if value.fract() == 0.0 && value.abs() < 1e30 => {
                Some(*value as i128)
            }
            NodeKind::Neg(a) => a.whole()?.checked_neg(),
            NodeKind::Binary(op, a, b) => {
                let (a, b) = (a.whole()?, b.whole()?);
                match op {
                    BinaryOp::Add => a.checked_add(b),
                    BinaryOp::Sub => a.checked_sub(b),
                    BinaryOp::Mul => a.checked_mul(b),
                    BinaryOp::Pow => a.checked_pow(u32::try_from(b).ok()?),
                    BinaryOp::Div => None,
                }
            }
            _ => None,
        }
    }
}

/// `name(positional, keyword=value)`.
#[derive(Debug)]
pub(super) struct Call {
    pub name: String,
    pub arguments: Vec<Node>,
    pub keywords: Vec<(String, Node)>,
}

/// Parses a whole text.
///
/// Fails with a position where the text is not an expression, is too long or nests too deep.
pub(super) fn tree(text: &str) -> Result<Node, String> {
    let length = text.chars().count();
    if length > MAX_LENGTH {
        return Err(format!(
            "expression of {length} characters, the limit is {MAX_LENGTH}"
        ));
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        nesting: 0,
    };
    let node = parser.condition()?;
    match parser.peek().kind {
        TokenKind::End => Ok(node),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser {
    /// Ends with [`TokenKind::End`], which is never passed.
    tokens: Vec<Token>,
    next: usize,
    nesting: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    /// Takes the symbol if it comes next.
    fn take(&mut self, symbol: &'static str) -> bool {
        let found = self.peek().kind == TokenKind::Symbol(symbol);
        if found {
            self.next += 1;
        }
        found
    }

    fn unexpected(&self, expected: &str) -> String {
        let token = self.peek();
        let found = match &token.kind {
            TokenKind::Number(value) => format!("'{value}'"),
            TokenKind::Name(name) => format!("'{name}'"),
            TokenKind::Symbol(symbol) => format!("'{symbol}'"),
            TokenKind::End => "the end".into(),
        };
        at(token.column, format!("expected {expected}, found {found}"))
    }

    fn node(column: usize, kind: NodeKind) -> Result<Node, String> {
        let below = match &kind {
            NodeKind::Number(_) | NodeKind::Name(_) => 0,
            NodeKind::Neg(a) | NodeKind::Not(a) => a.depth,
            NodeKind::Binary(_, a, b)
            | NodeKind::Compare(_, a, b)
            | NodeKind::And(a, b)
            | NodeKind::Or(a, b) => a.depth.max(b.depth),
            NodeKind::Call(call) => {
                let keywords = call.keywords.iter().map(|(_, node)| node);
                let all = call.arguments.iter().chain(keywords);
                all.map(|node| node.depth).max().unwrap_or(0)
            }
        };
        if below >= MAX_DEPTH {
            return Err(at(
                column,
                format!("nested deeper than {MAX_DEPTH}; split the expression"),
            ));
        }
        Ok(Node {
            column,
            kind,
            depth: below + 1,
        })
    }

    fn condition(&mut self) -> Result<Node, String> {
        let mut left = self.conjunct()?;
        loop {
            let column = self.peek().column;
            if !self.take("or") {
                return Ok(left);
            }
            let right = self.conjunct()?;
            left = Self::node(column, NodeKind::Or(Box::new(left), Box::new(right)))?;
        }
    }

    fn conjunct(&mut self) -> Result<Node, String> {
        let mut left = self.negation()?;
        loop {
            let column = self.peek().column;
            if !self.take("and") {
                return Ok(left);
            }
            let right = self.negation()?;
            left = Self::node(column, NodeKind::And(Box::new(left), Box::new(right)))?;
        }
    }

    fn negation(&mut self) -> Result<Node, String> {
        let column = self.peek().column;
        if !self.take("not") {
            return self.comparison();
        }
        self.descend(column)?;
        let operand = self.negation()?;
        self.nesting -= 1;
        Self::node(column, NodeKind::Not(Box::new(operand)))
    }

    /// One level deeper into signs, parentheses and `not`.
    fn descend(&mut self, column: usize) -> Result<(), String> {
        self.nesting += 1;
        if self.nesting > MAX_DEPTH {
            return Err(at(
                column,
                format!("nested deeper than {MAX_DEPTH}; split the expression"),
            ));
        }
        Ok(())
    }

    fn comparison(&mut self) -> Result<Node, String> {
        let left = self.sum()?;
        let op = match self.peek().kind {
            TokenKind::Symbol("==") => Comparison::Eq,
            TokenKind::Symbol("!=") => Comparison::Ne,
            TokenKind::Symbol("<") => Comparison::Lt,
            TokenKind::Symbol("<=") => Comparison::Le,
            TokenKind::Symbol(">") => Comparison::Gt,
            TokenKind::Symbol(">=") => Comparison::Ge,
            _ => return Ok(left),
        };
        let column = self.advance().column;
        let right = self.sum()?;
        for side in [&left, &right] {
            if let Some(number) = side
                .whole()
                .filter(|&number| number as f64 as i128 != number)
            {
                let message = format!(
                    "{number} is beyond the whole numbers of float64, in which expressions compute"
                );
                return Err(at(side.column, message));
            }
        }
        Self::node(
            column,
            NodeKind::Compare(op, Box::new(left), Box::new(right)),
        )
    }

    fn sum(&mut self) -> Result<Node, String> {
        let mut left = self.term()?;
        loop {
            let op = match self.peek().kind {
                TokenKind::Symbol("+") => BinaryOp::Add,
                TokenKind::Symbol("-") => BinaryOp::Sub,
                _ => return Ok(left),
            };
            let column = self.advance().column;
            let right = self.term()?;
            left = Self::node(
                column,
                NodeKind::Binary(op, Box::new(left), Box::new(right)),
            )?;
        }
    }

    fn term(&mut self) -> Result<Node, String> {
        let mut left = self.factor()?;
        loop {
            let op = match self.peek().kind {
                TokenKind::Symbol("*") => BinaryOp::Mul,
                TokenKind::Symbol("/") => BinaryOp::Div,
                _ => return Ok(left),
            };
            let column = self.advance().column;
            let right = self.factor()?;
            left = Self::node(
                column,
                NodeKind::Binary(op, Box::new(left), Box::new(right)),
            )?;
        }
    }

    fn factor(&mut self) -> Result<Node, String> {
        let column = self.peek().column;
        self.descend(column)?;
        let node = if self.take("-") {
            let operand = self.factor()?;
            Self::node(column, NodeKind::Neg(Box::new(operand)))
        } else if self.take("+") {
            self.factor()
        } else {
            self.power()
        };
        self.nesting -= 1;
        node
    }

    fn power(&mut self) -> Result<Node, String> {
        let base = self.atom()?;
        let column = self.peek().column;
        if !self.take("**") {
            return Ok(base);
        }
        let exponent = self.factor()?;
        Self::node(
            column,
            NodeKind::Binary(BinaryOp::Pow, Box::new(base), Box::new(exponent)),
        )
    }

    fn atom(&mut self) -> Result<Node, String> {
        let column = self.peek().column;
        match self.peek().kind.clone() {
            TokenKind::Number(value) => {
                self.advance();
                Self::node(column, NodeKind::Number(value))
            }
            TokenKind::Name(name) => {
                self.advance();
                if self.take("(") {
                    let call = self.call(name)?;
                    Self::node(column, NodeKind::Call(call))
                } else {
                    Self::node(column, NodeKind::Name(name))
                }
            }
            TokenKind::Symbol("(") => {
                self.advance();
                let inner = self.condition()?;
                if self.take(")") {
                    Ok(inner)
                } else {
                    Err(self.unexpected("')'"))
                }
            }
            _ => Err(self.unexpected("a number, a column, a function or '('")),
        }
    }

    /// The arguments after `name(`, up to and with the closing parenthesis.
    fn call(&mut self, name: String) -> Result<Call, String> {
        let mut call = Call {
            name,
            arguments: Vec::new(),
            keywords: Vec::new(),
        };
        if self.take(")") {
            return Ok(call);
        }
        loop {
            let argument = self.condition()?;
            if self.take("=") {
                let NodeKind::Name(keyword) = argument.kind else {
                    return Err(at(argument.column, "'=' belongs after a parameter's name"));
                };
                let value = self.condition()?;
                call.keywords.push((keyword, value));
            } else if call.keywords.is_empty() {
                call.arguments.push(argument);
            } else {
                return Err(at(
                    argument.column,
                    "an argument without a name stands after one with a name",
                ));
            }
            if self.take(")") {
                return Ok(call);
            }
            if !self.take(",") {
                return Err(self.unexpected("',' or ')'"));
            }
        }
    }
}
