//! The forms of `union bpf_attr` (include/uapi/linux/bpf.h): only what the machine reads, with all that is before it. What a shorter attribute
//! leaves out is zero.

/// `BPF_MAP_CREATE`
#[repr(C)]
#[derive(Default)]
pub struct MapCreate {
    pub map_type: u32,
    pub key_size: u32,
    pub value_size: u32,
    pub max_entries: u32,
    pub map_flags: u32,
    inner_map_fd: u32,
    numa_node: u32,
    pub map_name: [u8; 16],
}

/// `BPF_MAP_*_ELEM`, `BPF_MAP_GET_NEXT_KEY`
#[repr(C)]
#[derive(Default)]
pub struct Element {
    pub map_fd: u32,
    pad: u32,
    pub key: u64,
    /// Of `BPF_MAP_GET_NEXT_KEY` the next key.
    pub value: u64,
    pub flags: u64,
}

/// `BPF_MAP_FREEZE`
#[repr(C)]
#[derive(Default)]
pub struct OfMap {
    pub map_fd: u32,
}

/// `BPF_MAP_*_BATCH`
#[repr(C)]
#[derive(Default)]
pub struct Batch {
    pub in_batch: u64,
    pub out_batch: u64,
    pub keys: u64,
    pub values: u64,
    pub count: u32,
    pub map_fd: u32,
    pub elem_flags: u64,
    pub flags: u64,
}

/// `BPF_PROG_LOAD`
#[repr(C)]
#[derive(Default)]
pub struct ProgLoad {
    pub prog_type: u32,
    pub insn_cnt: u32,
    pub insns: u64,
    pub license: u64,
    pub log_level: u32,
    pub log_size: u32,
    pub log_buf: u64,
    kern_version: u32,
    pub prog_flags: u32,
    pub prog_name: [u8; 16],
    prog_ifindex: u32,
    pub expected_attach_type: u32,
    pub prog_btf_fd: u32,
    func_info_rec_size: u32,
    func_info: u64,
    func_info_cnt: u32,
    pub line_info_rec_size: u32,
    pub line_info: u64,
    pub line_info_cnt: u32,
    attach_btf_id: u32,
    attach_prog_fd: u32,
    core_relo_cnt: u32,
    pub fd_array: u64,
}

/// `BPF_PROG_TEST_RUN`
#[repr(C)]
#[derive(Default)]
pub struct TestRun {
    pub prog_fd: u32,
    pub retval: u32,
    pub data_size_in: u32,
    pub data_size_out: u32,
    pub data_in: u64,
    pub data_out: u64,
    pub repeat: u32,
    pub duration: u32,
    pub ctx_size_in: u32,
    pub ctx_size_out: u32,
    pub ctx_in: u64,
    pub ctx_out: u64,
    pub flags: u32,
    pub cpu: u32,
    pub batch_size: u32,
}

/// `BPF_BTF_LOAD`
#[repr(C)]
#[derive(Default)]
pub struct BtfLoad {
    pub btf: u64,
    btf_log_buf: u64,
    pub btf_size: u32,
}

/// `BPF_OBJ_GET_INFO_BY_FD`
#[repr(C)]
#[derive(Default)]
pub struct Info {
    pub bpf_fd: u32,
    pub info_len: u32,
    pub info: u64,
}

/// `BPF_*_GET_FD_BY_ID`
#[repr(C)]
#[derive(Default)]
pub struct ById {
    pub id: u32,
}

/// `BPF_PROG_STREAM_READ_BY_FD`
#[repr(C)]
#[derive(Default)]
pub struct StreamRead {
    pub stream_buf: u64,
    pub stream_buf_len: u32,
    pub stream_id: u32,
    pub prog_fd: u32,
}

/// A name that ends with a zero, or fills its place.
pub fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.split(|&byte| byte == 0).next().unwrap_or_default()).into_owned()
}

/// Structs of integers alone, for which all bits are values.
pub trait Attribute: Default {}

impl Attribute for MapCreate {}
impl Attribute for Element {}
impl Attribute for OfMap {}
impl Attribute for Batch {}
impl Attribute for ProgLoad {}
impl Attribute for TestRun {}
impl Attribute for BtfLoad {}
impl Attribute for Info {}
impl Attribute for ById {}
impl Attribute for StreamRead {}
