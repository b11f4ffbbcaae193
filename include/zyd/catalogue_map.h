/* zyd/catalogue_map.h: every code, once.
 *
 *   X(number, kind, NAME, HTTP status, exit code, retry, zh, en, remedy zh, remedy en)
 *
 * ZYD_CATALOGUE_LEDGER: what contracts and the host say (domain.md 3.6).  ZYD_CATALOGUE_NODE: transport, API, files,
 * batches, keys, store.  Numbers are never reused.  Ascending within each list.
 */
#ifndef ZYD_CATALOGUE_MAP_H
#define ZYD_CATALOGUE_MAP_H

/* clang-format off */
#define ZYD_CATALOGUE_NODE(X) \
    X(8001, 'E', UNREACHABLE, 503, 3, ZYD_RETRY_LATER, \
      "连接不上节点，请求没有发出", "The node cannot be reached; nothing was sent", \
      "检查 --node 地址，或用 zyd devnet up / systemctl start zydd 启动节点", \
      "Check --node, or start the node (zyd devnet up, systemctl start zydd)") \
    X(8002, 'E', UNKNOWN_OUTCOME, 504, 4, ZYD_RETRY_SAME, \
      "已发出，但尚未得到最终结果", "Sent, but no final answer yet", \
      "重新执行同一命令：不会重复记账", "Run the same command again: it is never booked twice") \
    X(8003, 'E', WAIT_TIMEOUT, 504, 4, ZYD_RETRY_SAME, \
      "等待最终确认超时", "Timed out waiting for the final answer", \
      "重新执行同一命令，或用 zyd contract wait 继续等待", "Run the same command again, or wait on with zyd contract wait") \
    X(8004, 'E', NOT_READY, 503, 3, ZYD_RETRY_LATER, \
      "节点尚未就绪（追赶中或未达法定数）", "The node is not ready (catching up, or no quorum)", \
      "稍后再试；用 zyd cluster status 查看", "Try later; see zyd cluster status") \
    X(8005, 'E', BUSY, 429, 3, ZYD_RETRY_LATER, \
      "节点繁忙，等待队列已满", "The node is busy: its queue is full", \
      "按 Retry-After 稍后再发同一请求", "Send the same request after Retry-After") \
    X(8006, 'E', MALFORMED, 400, 6, ZYD_RETRY_AFTER_FIX, \
      "请求内容不是合法的编码", "The request is not a valid encoding", \
      "按接口文档更正格式", "Correct the format") \
    X(8007, 'E', TOO_BIG, 413, 6, ZYD_RETRY_AFTER_FIX, \
      "内容超过大小上限", "Larger than the limit", \
      "拆分为较小的请求或文件", "Split it into smaller requests or files") \
    X(8008, 'E', NO_ROUTE, 404, 2, ZYD_RETRY_NEVER, \
      "没有这个接口", "There is no such route", \
      "见 /v1/openapi.json", "See /v1/openapi.json") \
    X(8009, 'E', METHOD, 405, 2, ZYD_RETRY_NEVER, \
      "该接口不支持此方法", "The route does not allow this method", \
      "见 Allow 头", "See the Allow header") \
    X(8010, 'E', UNAUTHENTICATED, 401, 5, ZYD_RETRY_AFTER_FIX, \
      "缺少令牌或令牌无效", "No token, or not a valid one", \
      "用 --token-file 提供有效令牌", "Give a valid token with --token-file") \
    X(8011, 'E', FORBIDDEN, 403, 5, ZYD_RETRY_AFTER_FIX, \
      "令牌没有所需的角色或范围", "The token lacks the role or scope", \
      "向本机构管理员申请所需角色", "Ask your operator for the role") \
    X(8012, 'E', NOT_FOUND, 404, 1, ZYD_RETRY_AFTER_FIX, \
      "没有找到", "Not found", \
      "核对编号", "Check the id") \
    X(8013, 'E', KEY_MISSING, 400, 2, ZYD_RETRY_AFTER_FIX, \
      "写请求缺少 Idempotency-Key", "A write needs an Idempotency-Key", \
      "以业务参考号作为 Idempotency-Key", "Send your client reference as Idempotency-Key") \
    X(8014, 'E', KEY_REUSED, 422, 1, ZYD_RETRY_NEVER, \
      "同一 Idempotency-Key 的内容不同", "The same Idempotency-Key came with another body", \
      "换用新的参考号", "Use a new reference") \
    X(8015, 'E', KEY_RUNNING, 409, 4, ZYD_RETRY_SAME, \
      "同一请求仍在处理", "The same request is still running", \
      "稍后再查询", "Ask again later") \
    X(8016, 'E', FIELD_UNKNOWN, 400, 2, ZYD_RETRY_AFTER_FIX, \
      "出现未知字段", "An unknown member is present", \
      "删除或更正字段名", "Remove it or correct its name") \
    X(8017, 'E', FIELD_MISSING, 400, 2, ZYD_RETRY_AFTER_FIX, \
      "缺少必填字段", "A required member is missing", \
      "补齐字段", "Add it") \
    X(8018, 'E', FIELD_VALUE, 422, 2, ZYD_RETRY_AFTER_FIX, \
      "字段值不合规", "A member's value is not allowed", \
      "按提示更正", "Correct it as told") \
    X(8019, 'E', MEDIA_TYPE, 415, 2, ZYD_RETRY_AFTER_FIX, \
      "不支持的内容类型", "The content type is not supported", \
      "JSON 用 application/json，信封用 application/octet-stream", \
      "Use application/json, or application/octet-stream for envelopes") \
    X(8020, 'E', EXPIRED, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "信封已过有效期", "The envelope's validity has passed", \
      "先查询是否已入账；未入账则重新签署", "Look whether it was booked; if not, sign anew") \
    X(8021, 'E', FOREIGN, 422, 6, ZYD_RETRY_AFTER_FIX, \
      "属于另一联盟或未知密钥", "Belongs to another consortium or an unknown key", \
      "核对创世指纹与密钥", "Check the genesis fingerprint and the key") \
    X(8022, 'E', ENVELOPE, 422, 6, ZYD_RETRY_AFTER_FIX, \
      "信封不符合规则", "The envelope breaks a rule", \
      "用当前版本的 zyd 重新生成", "Make it again with the current zyd") \
    X(8023, 'E', READ_ONLY, 503, 3, ZYD_RETRY_LATER, \
      "节点处于只读状态", "The node is read-only", \
      "释放磁盘空间后自动恢复", "It recovers by itself once disk space is free") \
    X(8024, 'E', NOT_DEVELOPMENT, 403, 5, ZYD_RETRY_NEVER, \
      "仅限开发联盟", "Only in a development consortium", \
      "生产联盟不能移动时钟", "A production consortium cannot move its clock") \
    X(8025, 'E', NO_KEY, 503, 5, ZYD_RETRY_AFTER_FIX, \
      "节点没有所需的签名密钥", "The node has no key to sign with", \
      "在 node.conf 的 [key] 配置，或自行签名后提交信封", "Configure [key] in node.conf, or sign yourself and post an envelope") \
    X(8030, 'E', FILE_READ, 500, 6, ZYD_RETRY_AFTER_FIX, \
      "文件无法读取", "A file cannot be read", \
      "检查路径与权限", "Check path and permissions") \
    X(8031, 'E', FILE_WRITE, 500, 6, ZYD_RETRY_AFTER_FIX, \
      "文件无法写入", "A file cannot be written", \
      "检查目录、权限与磁盘空间", "Check directory, permissions and disk space") \
    X(8032, 'E', FILE_FORMAT, 500, 6, ZYD_RETRY_AFTER_FIX, \
      "文件内容不合格式", "A file's content is not in the right format", \
      "按提示位置更正", "Correct it at the place named") \
    X(8033, 'E', FILE_EXISTS, 500, 6, ZYD_RETRY_AFTER_FIX, \
      "文件已存在，未覆盖", "The file exists and was not overwritten", \
      "换一个文件名，或先移走旧文件", "Use another name, or move the old file away") \
    X(8040, 'E', CONFIG, 500, 6, ZYD_RETRY_AFTER_FIX, \
      "配置不正确", "The configuration is wrong", \
      "按 文件:行 的提示更正，再用 zydd --check-config 检查", "Correct it at file:line, then zydd --check-config") \
    X(8041, 'E', GENESIS_HASH, 500, 6, ZYD_RETRY_NEVER, \
      "创世哈希不一致，拒绝启动", "Another genesis hash: refused", \
      "向发起方核对指纹（zyd consortium fingerprint）", "Compare the fingerprint with the others (zyd consortium fingerprint)") \
    X(8042, 'E', JOIN_INVALID, 500, 6, ZYD_RETRY_AFTER_FIX, \
      "加入申请无效", "A join request is not valid", \
      "由该机构重新生成申请并核对", "The institution makes it again") \
    X(8043, 'E', JOIN_DUPLICATE, 500, 6, ZYD_RETRY_AFTER_FIX, \
      "加入申请重复（代码、信用代码或密钥）", "Two join requests share a code, a social credit code or a key", \
      "去掉重复的申请", "Remove the duplicate") \
    X(8044, 'E', APPROVAL_MISSING, 500, 6, ZYD_RETRY_AFTER_FIX, \
      "缺少成员的批准", "An approval is missing", \
      "由该成员执行 zyd consortium approve", "That member runs zyd consortium approve") \
    X(8045, 'E', APPROVAL_INVALID, 500, 6, ZYD_RETRY_AFTER_FIX, \
      "批准无效（文件已改动或密钥不符）", "An approval is not valid (the file changed, or another key)", \
      "核对指纹后重新批准", "Compare the fingerprint, then approve again") \
    X(8046, 'E', VALIDATORS, 500, 6, ZYD_RETRY_AFTER_FIX, \
      "验证节点数量不符合要求", "The number of validators is not allowed", \
      "需要 4 至 31 个验证节点", "4 to 31 validators are needed") \
    X(8050, 'E', KEY_LOCKED, 500, 5, ZYD_RETRY_AFTER_FIX, \
      "密钥无法解锁：口令不对", "The key cannot be unlocked: wrong passphrase", \
      "检查口令文件", "Check the passphrase file") \
    X(8051, 'E', KEY_WRONG, 403, 5, ZYD_RETRY_AFTER_FIX, \
      "密钥不属于该成员或用途不符", "The key is not this member's, or has another purpose", \
      "使用创世文件中登记的密钥", "Use the key that is registered in the genesis") \
    X(8052, 'E', KEY_FILE, 500, 6, ZYD_RETRY_NEVER, \
      "密钥文件损坏", "The key file is damaged", \
      "从备份恢复，或更换密钥", "Restore it from a backup, or replace the key") \
    X(8060, 'E', STORE_DAMAGED, 503, 8, ZYD_RETRY_NEVER, \
      "账本存储校验失败，节点拒绝启动", "The store fails its checks: the node refuses to start", \
      "执行 zydd --rebuild-ledger：旧账本移到一旁，从其他成员重新获取；投票文件不可移动", \
      "Run zydd --rebuild-ledger: it sets the ledger aside and fetches it from the others; never move the vote file") \
    X(8061, 'E', STORE_FAILED, 503, 70, ZYD_RETRY_NEVER, \
      "写入或同步磁盘失败，节点停止", "A write or sync failed: the node stops", \
      "检查磁盘，确认无误后重启", "Check the disk, then start again") \
    X(8062, 'E', STORE_LOCKED, 503, 6, ZYD_RETRY_AFTER_FIX, \
      "数据目录正被另一进程使用", "Another process uses the data directory", \
      "先停止该进程", "Stop that process first") \
    X(8063, 'E', DISK_FULL, 507, 3, ZYD_RETRY_LATER, \
      "磁盘空间不足", "Not enough disk space", \
      "释放空间", "Free some space") \
    X(8064, 'E', VOTE_FILE, 503, 6, ZYD_RETRY_NEVER, \
      "投票文件缺失或损坏，节点拒绝启动", "The vote file is missing or damaged: the node refuses to start", \
      "不可新建投票文件；按恢复流程更换节点身份", "Never make a new one; replace the node's identity by the recovery procedure") \
    X(8065, 'E', STORE_FOREIGN, 503, 6, ZYD_RETRY_NEVER, \
      "数据目录属于另一联盟", "The data directory belongs to another consortium", \
      "指定正确的 data_dir", "Give the right data_dir") \
    X(8066, 'E', PLUGIN, 503, 6, ZYD_RETRY_AFTER_FIX, \
      "合约插件缺失或与创世不符", "A contract plugin is missing or differs from the genesis", \
      "提供哈希一致的插件文件", "Provide the file with that hash") \
    X(8067, 'E', ADDRESS, 500, 6, ZYD_RETRY_AFTER_FIX, \
      "地址无法监听或连接", "The address cannot be listened on or connected to", \
      "检查地址，或换一个端口", "Check the address, or use another port") \
    X(8068, 'E', PEER, 503, 3, ZYD_RETRY_LATER, \
      "对端节点不可用", "A peer is not available", \
      "检查网络与对端状态", "Check the network and the peer") \
    X(8069, 'E', CSV_DATE_SERIAL, 422, 7, ZYD_RETRY_AFTER_FIX, \
      "文件被电子表格损坏：日期变成了序号", "The file was damaged by the spreadsheet: a date became a serial number", \
      "将该列设为文本格式，按 2026-09-01 的形式填写", "Format the column as text and write it like 2026-09-01") \
    X(8070, 'E', CSV_ENCODING, 422, 6, ZYD_RETRY_AFTER_FIX, \
      "文件既不是 UTF-8 也不是 GB18030", "The file is neither UTF-8 nor GB18030", \
      "另存为 UTF-8 编码的 CSV", "Save it as CSV in UTF-8") \
    X(8071, 'E', CSV_COLUMN, 422, 6, ZYD_RETRY_AFTER_FIX, \
      "未知的列", "An unknown column", \
      "更正列名，或删除该列（见 zyd batch template）", "Correct or remove it (see zyd batch template)") \
    X(8072, 'E', CSV_NO_COLUMN, 422, 6, ZYD_RETRY_AFTER_FIX, \
      "缺少必需的列", "A required column is missing", \
      "补上该列（见 zyd batch template）", "Add it (see zyd batch template)") \
    X(8073, 'E', CSV_AMOUNT, 422, 7, ZYD_RETRY_AFTER_FIX, \
      "金额格式不正确", "Not an amount", \
      "以元为单位、两位小数以内填写，如 500,000.00", "Write yuan with at most two decimals, such as 500,000.00") \
    X(8074, 'E', CSV_DATE, 422, 7, ZYD_RETRY_AFTER_FIX, \
      "日期格式不正确", "Not a date", \
      "按 2026-09-01 的形式填写", "Write it like 2026-09-01") \
    X(8075, 'E', CSV_SCIENTIFIC, 422, 7, ZYD_RETRY_AFTER_FIX, \
      "文件被电子表格损坏：出现科学计数法", "The file was damaged by the spreadsheet: scientific notation", \
      "将该列设为文本格式后重新导出", "Format the column as text and export again") \
    X(8076, 'E', CSV_ROUNDED, 422, 7, ZYD_RETRY_AFTER_FIX, \
      "文件被电子表格损坏：15 位之后的数字变成了 0", "The file was damaged by the spreadsheet: digits after the 15th became 0", \
      "将该列设为文本格式后重新导出", "Format the column as text and export again") \
    X(8077, 'E', CSV_ZEROS, 422, 7, ZYD_RETRY_AFTER_FIX, \
      "文件被电子表格损坏：开头的 0 丢失", "The file was damaged by the spreadsheet: leading zeros are lost", \
      "将该列设为文本格式后重新导出", "Format the column as text and export again") \
    X(8078, 'E', CSV_DUPLICATE, 422, 7, ZYD_RETRY_AFTER_FIX, \
      "文件内参考号重复", "The reference is in this file already", \
      "删除重复的行，或换用新的参考号", "Remove the row, or use another reference") \
    X(8079, 'E', CSV_EMPTY_CELL, 422, 7, ZYD_RETRY_AFTER_FIX, \
      "必填项为空", "A required cell is empty", \
      "填写该项", "Fill it in") \
    X(8080, 'E', CSV_USCC, 422, 7, ZYD_RETRY_AFTER_FIX, \
      "统一社会信用代码无效", "Not a valid social credit code", \
      "核对 18 位代码及最后一位校验码", "Check the 18 characters and the last one, the check character") \
    X(8081, 'E', CSV_SYNTAX, 422, 6, ZYD_RETRY_AFTER_FIX, \
      "CSV 引号或列数不正确", "Wrong quoting or number of cells", \
      "检查引号与逗号", "Check quotes and commas") \
    X(8082, 'E', CSV_VALUE, 422, 7, ZYD_RETRY_AFTER_FIX, \
      "取值不在允许范围", "The value is not allowed", \
      "按允许的取值更正", "Use one of the values allowed") \
    X(8083, 'E', CSV_NO_ROWS, 422, 6, ZYD_RETRY_AFTER_FIX, \
      "文件没有数据行", "The file has no rows", \
      "检查文件", "Check the file") \
    X(8084, 'E', BATCH_PARTIAL, 200, 7, ZYD_RETRY_AFTER_FIX, \
      "部分行被拒绝，其余已完成", "Some rows were refused, the rest is done", \
      "查看结果文件，更正后只提交被拒绝的行", "Read the result file; correct and submit those rows again") \
    X(8085, 'E', JOURNAL, 500, 6, ZYD_RETRY_NEVER, \
      "批次日志损坏或属于另一文件", "The batch's journal is damaged or belongs to another file", \
      "不要删除；先用 zyd batch result 核对", "Do not delete it; look with zyd batch result first") \
    X(8086, 'E', LEDGER_MOVED, 503, 3, ZYD_RETRY_LATER, \
      "导出期间账本不断前进，未得到同一高度的数据", "The ledger kept moving: no export of one height came about", \
      "稍后再试，或对一个安静的节点导出", "Try again later, or export from a quiet node") \
    X(8087, 'E', RECONCILE, 200, 7, ZYD_RETRY_AFTER_FIX, \
      "对账不符：有差异、缺失或无法读取的行", "Not reconciled: rows differ, are missing or cannot be read", \
      "查看结果，逐行核实后更正本行账册或补录账本", "Look at the result; correct your own books or book what is missing") \
    X(8088, 'E', XML, 422, 6, ZYD_RETRY_AFTER_FIX, \
      "XML 文件不合格式，或含有不允许的内容", "The XML is not well formed, or holds what is not allowed", \
      "按提示的行号检查文件；不接受 DOCTYPE、实体、XInclude", "Look at the line; no DOCTYPE, no entities, no XInclude") \
    X(8089, 'E', XML_SCHEMA, 422, 6, ZYD_RETRY_AFTER_FIX, \
      "XML 文件不符合所给的模式文件", "The XML is not valid by the schema given", \
      "按提示的行号更正，或换用对应版本的 XSD", "Correct the line, or give the XSD of that version") \
    X(8090, 'E', VERIFY_FAILED, 500, 8, ZYD_RETRY_NEVER, \
      "验证不通过", "Verification failed", \
      "保存证据文件并报告", "Keep the evidence file and report it") \
    X(8091, 'E', NOT_VERIFIED, 500, 9, ZYD_RETRY_AFTER_FIX, \
      "无法验证（数据缺失）", "Could not verify (data is missing)", \
      "补齐数据后重试", "Supply the data and run again") \
    X(8092, 'E', TOOL_MISSING, 500, 6, ZYD_RETRY_AFTER_FIX, \
      "找不到所需的程序", "A program that is needed was not found", \
      "安装该程序或将其加入 PATH", "Install it or add it to PATH") \
    X(8093, 'E', DEGRADED, 200, 10, ZYD_RETRY_LATER, \
      "可用，但有节点落后或不可达", "It works, but a node is behind or down", \
      "用 zyd cluster status 查看", "See zyd cluster status") \
    X(8094, 'E', ISO_MESSAGE, 422, 6, ZYD_RETRY_AFTER_FIX, \
      "不是可读取的 camt.053 或 camt.054 报文", "Not a camt.053 or camt.054 that can be read", \
      "按提示的行号向银行索取正确的报文", "Look at the line; ask the bank for a correct message") \
    X(8095, 'E', ISO_ACCOUNT, 422, 6, ZYD_RETRY_AFTER_FIX, \
      "成员没有登记开户行和账号，无法生成付款报文", "A member has no bank and account: no payment message can be made", \
      "在清算项目参数 accounts 中登记，或用 --directory 提供", "Register it in the programme's accounts, or give --directory") \
    X(8096, 'E', CSV_FULL_WIDTH, 422, 7, ZYD_RETRY_AFTER_FIX, \
      "出现全角数字或字母", "Full-width digits or letters", \
      "改用半角字符", "Write plain ASCII characters") \
    X(8097, 'E', INTERRUPTED, 500, 130, ZYD_RETRY_SAME, \
      "已中断", "Interrupted", \
      "重新执行同一命令即可继续", "Run the same command again to go on") \
    X(8098, 'E', USAGE, 400, 2, ZYD_RETRY_AFTER_FIX, \
      "命令用法不正确", "Wrong usage", \
      "加 --help 查看用法", "Add --help to see the usage") \
    X(8099, 'E', BUG, 500, 70, ZYD_RETRY_NEVER, \
      "程序内部错误", "An internal error", \
      "请附上操作步骤报告", "Please report it with the steps that lead to it")

#define ZYD_CATALOGUE_LEDGER(X) \
    X(1101, 'E', PROGRAMME_CLOSED, 422, 1, ZYD_RETRY_NEVER, \
      "项目未开放或不存在", "The programme is closed or does not exist", \
      "请核对项目代码，或等待项目重新开放", "Check the programme code, or wait until the programme opens again") \
    X(1102, 'E', BREAKER_STOPPED, 422, 1, ZYD_RETRY_LATER, \
      "代偿率熔断：项目已停止新增业务", "The programme's circuit breaker is STOPPED: no new business", \
      "存量业务可继续；由银行、担保、再担保共同签署 BREAKER_RESET 后再报", \
      "Running loans go on; send again after BANK, GUAR and REG signed BREAKER_RESET") \
    X(1103, 'E', HOUSEHOLD_CAP, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "超过同一借款人的额度上限", "Over the household cap of this borrower", \
      "减少金额，或待该借款人其他贷款归还后再报", "Lower the amount, or wait until other loans of the borrower are repaid") \
    X(1104, 'E', LEVERAGE, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "超过担保机构的放大倍数上限", "Over the guarantor's leverage limit", \
      "减少金额，或待存量责任解除后再报", "Lower the amount, or wait until exposure is released") \
    X(1105, 'E', CONCENTRATION, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "超过单一借款人集中度上限", "Over the single-borrower concentration limit", \
      "减少金额后再报", "Lower the amount") \
    X(1106, 'E', BANK_SHARE_LOW, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "银行分担比例低于项目下限", "The bank's share is below the programme's minimum", \
      "选用银行分担比例合规的分担树", "Use a share tree in which the bank bears enough") \
    X(1107, 'E', FILING_MISSING, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "缺少再担保备案", "The re-guarantee filing is missing", \
      "先由再担保（及国担基金）签署 FILE_RE", "Have REG (and NFGF) sign FILE_RE first") \
    X(1108, 'E', OVER_LIMIT, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "超过已批准的金额或期限", "Over the approved amount or term", \
      "核对剩余额度与最长期限后更正", "Check the limit that is left and the longest term, and correct") \
    X(1109, 'E', RATE_OVER_CAP, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "贷款利率高于项目上限", "The loan rate is above the programme's cap", \
      "降低利率后再报", "Lower the rate") \
    X(1110, 'E', SPLIT_ORDER, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "还款拆分不符合约定顺序或超过余额", "The repayment's split breaks the agreed order or exceeds a balance", \
      "按费用、利息、本金的顺序，以账上余额拆分", "Split in the order cost, interest, principal, within the balances on the ledger") \
    X(1111, 'E', EXTEND_LATE, 422, 1, ZYD_RETRY_NEVER, \
      "展期须在到期前办理", "An extension must come before maturity", \
      "已到期的贷款按逾期流程处理", "Treat a matured loan as overdue") \
    X(1112, 'E', EXTEND_TOO_LONG, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "展期期限超过规定", "The extension is too long", \
      "缩短展期期限", "Shorten it") \
    X(1113, 'W', NOTICE_LATE, 422, 1, ZYD_RETRY_NEVER, \
      "逾期通知晚于规定，代偿金额按比例扣减", "The overdue notice came late: the claim is reduced", \
      "今后在规定工作日内报送逾期", "Report overdue loans within the working days agreed") \
    X(1114, 'E', CLAIM_TOO_EARLY, 422, 1, ZYD_RETRY_LATER, \
      "尚未到可申请代偿的日期", "The claim window has not opened yet", \
      "到窗口开启日后再申请", "File again once the window is open") \
    X(1115, 'E', CLAIM_EXPIRED, 422, 1, ZYD_RETRY_NEVER, \
      "代偿申请期已过", "The claim window has closed", \
      "保证责任已到期，损失由银行承担", "The guarantee period is over; the bank bears the loss") \
    X(1116, 'E', EVIDENCE_MISSING, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "代偿材料不全", "Evidence required for the claim is missing", \
      "补齐材料清单中的每一项哈希", "Give the hash of each document on the evidence list") \
    X(1117, 'E', BANK_SHARE_SHIFTED, 422, 1, ZYD_RETRY_NEVER, \
      "银行将自身分担部分转嫁他人，不予代偿", "The bank shifted its own share to others: no compensation", \
      "由银行承担", "The bank bears the loss") \
    X(1118, 'E', TOO_MANY_QUERIES, 422, 1, ZYD_RETRY_NEVER, \
      "补充询问次数已用完", "No queries are left", \
      "直接审批或拒绝", "Approve or refuse") \
    X(1119, 'E', AMOUNT_MISMATCH, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "金额与账本不一致", "The amounts differ from the ledger", \
      "以账本余额为准更正（zyd contract show）", "Use the balances on the ledger (zyd contract show)") \
    X(1120, 'W', SILENCE_ESCALATED, 422, 1, ZYD_RETRY_NEVER, \
      "审核期满未答复，已升级处理", "No answer within the review time: escalated", \
      "由审核方尽快审批", "The reviewers should decide now") \
    X(1121, 'W', PAYMENT_LATE, 422, 1, ZYD_RETRY_NEVER, \
      "代偿款逾期未付", "The compensation payment is late", \
      "由首付方尽快支付", "The first payer should pay now") \
    X(1122, 'W', SHARE_LATE, 422, 1, ZYD_RETRY_NEVER, \
      "分担款逾期未付", "A share payment is late", \
      "由分担方尽快支付", "The party that owes its share should pay now") \
    X(1123, 'E', COST_UNAPPROVED, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "追偿费用未经同意", "The recovery cost was not approved", \
      "取得担保与银行的签署", "Get the signatures of GUAR and BANK") \
    X(1124, 'E', NOTHING_TO_WRITE_OFF, 422, 1, ZYD_RETRY_NEVER, \
      "没有可核销的金额", "There is nothing to write off", \
      "无需操作", "Nothing needs to be done") \
    X(1125, 'E', NOT_RELEASABLE, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "尚有本金，不能解除担保", "Principal is outstanding: the guarantee cannot be released", \
      "还清后再解除", "Release it after full repayment") \
    X(1126, 'E', CAP_EXHAUSTED, 422, 1, ZYD_RETRY_NEVER, \
      "代偿上限已用尽", "The compensation cap is used up", \
      "按项目约定，超出部分不予代偿", "The programme pays nothing beyond the cap") \
    X(1127, 'E', NO_TIER, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "没有适用的分担档位", "No tier of shares fits the loan", \
      "核对金额、企业等级及其有效期", "Check the amount, the borrower's grade and until when it holds") \
    X(1128, 'E', NOT_IN_LIST, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "贷款不在已签署的清单中", "The loans are not at this place of the list that was signed", \
      "核对清单文件与序号；清单一个字也不能改", "Check the file and the place; nothing in the list may differ") \
    X(2001, 'E', LAYERS, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "资金池分层参数不正确", "The pool's layers are wrong", \
      "更正分层后再报", "Correct the layers") \
    X(2002, 'E', FUND_UNCONFIRMED, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "出资未经确认", "The funding is not confirmed", \
      "取得收款方确认", "Get the receiver's confirmation") \
    X(2003, 'E', NOT_ELIGIBLE, 422, 1, ZYD_RETRY_NEVER, \
      "不符合风险补偿条件", "Not eligible for risk compensation", \
      "核对准入条件", "Check the conditions of entry") \
    X(2004, 'E', OTHER_POOL, 422, 1, ZYD_RETRY_NEVER, \
      "已在其他资金池登记", "Enrolled in another pool already", \
      "同一贷款只能登记一次", "A loan can be enrolled once only") \
    X(2005, 'E', LEVERAGE, 422, 1, ZYD_RETRY_LATER, \
      "资金池放大倍数已满", "The pool's leverage is used up", \
      "待责任释放或补充资金", "Wait for release or a top-up") \
    X(2006, 'E', TRIGGER_NOT_MET, 422, 1, ZYD_RETRY_LATER, \
      "未达到补偿触发条件", "The trigger is not met", \
      "满足条件后再报", "File again once it is met") \
    X(2007, 'E', COVERED_BY_GUARANTEE, 422, 1, ZYD_RETRY_NEVER, \
      "该损失已由担保覆盖", "The loss is covered by a guarantee", \
      "只申报未覆盖部分", "Claim the part not covered only") \
    X(2008, 'E', AMOUNT_MISMATCH, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "金额与账本不一致", "The amounts differ from the ledger", \
      "以账本余额为准", "Use the balances on the ledger") \
    X(2009, 'E', BANK_YEAR_CAP, 422, 1, ZYD_RETRY_NEVER, \
      "超过该银行年度补偿上限", "Over the bank's yearly cap", \
      "下一年度再报", "File in the next year") \
    X(2010, 'W', STACK_TRUNCATED, 422, 1, ZYD_RETRY_NEVER, \
      "政策资金合计超过上限，已截减", "All policy funds together are over the cap: reduced", \
      "无需操作", "Nothing needs to be done") \
    X(2011, 'E', POOL_SHORT, 422, 1, ZYD_RETRY_LATER, \
      "资金池余额不足，已排队", "The pool is short: queued", \
      "等待补充资金", "Wait for a top-up") \
    X(2012, 'E', REFUND_LATE, 422, 1, ZYD_RETRY_NEVER, \
      "退款逾期", "The refund is late", \
      "尽快退回", "Refund it now") \
    X(2013, 'E', CLAWBACK_OVER_PAID, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "追回金额超过已付金额", "The clawback exceeds what was paid", \
      "减少金额", "Lower the amount") \
    X(2014, 'E', RESUME_QUORUM, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "恢复业务的签署方不足", "Too few parties signed to resume", \
      "补齐签署", "Collect the missing signatures") \
    X(2015, 'E', OPEN_CLAIMS, 422, 1, ZYD_RETRY_LATER, \
      "尚有未结补偿申请", "Claims are still open", \
      "结清后再报", "Close them first") \
    X(3001, 'E', DUP_LOAN_CLASS, 422, 1, ZYD_RETRY_NEVER, \
      "同一贷款已享受同类补贴", "The loan has a subsidy of this class already", \
      "不可重复享受", "It cannot be granted twice") \
    X(3002, 'E', HOUSEHOLD_FULL, 422, 1, ZYD_RETRY_NEVER, \
      "该户贴息额度已用完", "The household's subsidy cap is used up", \
      "待额度释放", "Wait until cap is freed") \
    X(3003, 'E', DUP_PURPOSE, 422, 1, ZYD_RETRY_NEVER, \
      "同一用途已享受补贴", "This purpose is subsidised already", \
      "不可重复享受", "It cannot be granted twice") \
    X(3004, 'E', BUDGET, 422, 1, ZYD_RETRY_LATER, \
      "预算不足", "The budget is used up", \
      "等待追加预算", "Wait for more budget") \
    X(3005, 'E', OVER_INTEREST, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "补贴超过利息", "The subsidy exceeds the interest", \
      "减少金额", "Lower the amount") \
    X(3006, 'E', INTEREST_UNCERTIFIED, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "利息未经银行证明", "The bank has not certified the interest", \
      "取得付息证明", "Get the bank's certificate") \
    X(3007, 'E', SUBSIDY_EXTENSION, 422, 1, ZYD_RETRY_NEVER, \
      "展期期间不予补贴", "No subsidy in an extension", \
      "剔除展期天数", "Leave out the days of the extension") \
    X(3008, 'E', SUBSIDY_OVERDUE, 422, 1, ZYD_RETRY_NEVER, \
      "逾期期间不予补贴", "No subsidy while overdue", \
      "剔除逾期天数", "Leave out the overdue days") \
    X(3009, 'E', CLAWBACK_OVER_PAID, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "追回金额超过已付金额", "The clawback exceeds what was paid", \
      "减少金额", "Lower the amount") \
    X(3010, 'W', RELATED_BORROWER, 422, 1, ZYD_RETRY_NEVER, \
      "借款人与其他受补贴人有关联", "The borrower is related to another recipient", \
      "请人工复核", "Have a person check it") \
    X(4001, 'E', TERM, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "凭证期限不符合规定", "The voucher's term is not allowed", \
      "更正期限", "Correct the term") \
    X(4002, 'E', LINE, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "超过授信额度", "Over the credit line", \
      "减少金额", "Lower the amount") \
    X(4003, 'E', INVOICE_USED, 422, 1, ZYD_RETRY_NEVER, \
      "发票已用于其他凭证", "The invoice backs another voucher already", \
      "更换发票", "Use another invoice") \
    X(4004, 'E', SELF, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "不能转给自己", "A voucher cannot go to its holder", \
      "更正受让方", "Correct the payee") \
    X(4005, 'E', VOUCHER_SPENT, 422, 1, ZYD_RETRY_NEVER, \
      "凭证已转让、拆分或兑付", "The voucher is spent", \
      "使用当前有效的子凭证", "Use a child that is still open") \
    X(4006, 'E', SUM, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "拆分金额之和不等于票面", "The parts do not sum to the face value", \
      "更正拆分金额", "Correct the parts") \
    X(4007, 'E', DEPTH, 422, 1, ZYD_RETRY_NEVER, \
      "流转次数超过上限", "Passed on too often", \
      "兑付或融资", "Redeem or finance it") \
    X(4008, 'E', PAYEE, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "受让方不合格", "The payee is not eligible", \
      "更换受让方", "Choose another payee") \
    X(4009, 'E', NOT_REGISTERED, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "凭证未登记", "The voucher is not registered", \
      "先办理登记", "Register it first") \
    X(4010, 'E', DEFAULTED, 422, 1, ZYD_RETRY_NEVER, \
      "凭证已违约", "The voucher is in default", \
      "按违约流程处理", "Follow the default procedure") \
    X(5001, 'E', EMPTY, 422, 1, ZYD_RETRY_NEVER, \
      "本周期没有可轧差的义务", "Nothing to net in this cycle", \
      "无需操作", "Nothing needs to be done") \
    X(5002, 'E', NOT_ZERO, 422, 70, ZYD_RETRY_NEVER, \
      "净额之和不为零（不可能发生），清算停止", "Net positions do not sum to zero (impossible): the cycle halts", \
      "立即报告并保留现场", "Report it at once and keep everything") \
    X(5003, 'W', NOT_CONFIRMED, 422, 1, ZYD_RETRY_NEVER, \
      "成员未在时限内确认", "A member did not confirm in time", \
      "按拒绝处理，下轮重新计算", "Counted as a refusal; recomputed") \
    X(5004, 'E', UNKNOWN_REFERENCE, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "找不到付款指令", "No such payment instruction", \
      "核对参考号", "Check the reference") \
    X(5005, 'E', NOTICE_MISMATCH, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "通知与指令不一致", "The notice differs from the instruction", \
      "核对金额与收付方", "Check amount and parties") \
    X(5006, 'E', PAY_IN_FAILED, 422, 1, ZYD_RETRY_LATER, \
      "付款失败", "A pay-in failed", \
      "按失败流程重算", "Recomputed without the payer") \
    X(6001, 'E', ALREADY_ATTESTED, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "该项已有证明", "A record of this stands already", \
      "更正时在 replaces 中写明原记录", "To correct it, name it in replaces") \
    X(6002, 'E', NOT_CURRENT, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "被更正的记录不是有效记录", "The record named in replaces is not the one that stands", \
      "先查询现行有效记录", "Look up the record that stands") \
    X(9101, 'E', BAD_SIGNATURE, 422, 5, ZYD_RETRY_AFTER_FIX, \
      "签名无效", "A signature does not verify", \
      "检查使用的密钥与成员是否一致", "Check that the key belongs to the member") \
    X(9102, 'E', SIGNER_MISSING, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "缺少必须的签署方", "A signer that the rules need is missing", \
      "用可等待方式提交（--may-wait），再由缺少的机构会签", \
      "Submit so that it may wait (--may-wait), then have the missing institutions countersign") \
    X(9103, 'E', SHARE_SUM, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "风险分担比例之和不是 100%", "The shares do not sum to 100 %", \
      "更正分担比例", "Correct the shares") \
    X(9104, 'E', RANGE, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "数值超出允许范围或参数形式不对", "A value is out of range or an argument has the wrong form", \
      "核对金额、利率、天数的范围与参数个数", "Check amounts, rates, days and the number of arguments") \
    X(9105, 'E', BAD_ID, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "标识无效（统一社会信用代码或编号）", "An identifier is not valid (social credit code or id)", \
      "核对 18 位代码及校验码", "Check the 18 characters and the check character") \
    X(9106, 'E', DEADLINE, 422, 1, ZYD_RETRY_NEVER, \
      "已过办理期限", "The deadline has passed", \
      "已失效的业务需重新申请", "Apply anew") \
    X(9107, 'E', ALREADY_INSTRUCTED, 422, 1, ZYD_RETRY_NEVER, \
      "对应义务已发出付款指令或已结清", "Its obligation is instructed or settled already", \
      "用相反方向的新义务更正", "Correct it by a new opposite obligation") \
    X(9108, 'E', STALE_STATE, 409, 1, ZYD_RETRY_AFTER_FIX, \
      "对象已有更新，序号不符", "The object has moved on: expect_seq differs", \
      "先查看最新状态，再重新签署", "Look at the current state, then sign anew") \
    X(9109, 'E', DUP_KEY, 409, 1, ZYD_RETRY_NEVER, \
      "该参考号已使用，没有重复记账", "This reference was used already; nothing was booked twice", \
      "查看已有的对象；若为另一笔业务请换参考号", "Look at the object that exists; use another reference for another business") \
    X(9110, 'E', FROZEN, 409, 1, ZYD_RETRY_LATER, \
      "对象已冻结", "The object is frozen", \
      "由冻结机关解冻后再办", "The authority that froze it must unfreeze it") \
    X(9111, 'E', BAD_STATE, 409, 1, ZYD_RETRY_AFTER_FIX, \
      "当前状态不允许此操作", "The current state does not allow this event", \
      "用 zyd contract show 查看状态与可办事项", "See the state with zyd contract show") \
    X(9112, 'E', BAD_DATE, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "日期无效、在未来或早于上次结息", "A date is invalid, in the future, or before the last settlement", \
      "更正日期", "Correct the date") \
    X(9113, 'E', CALENDAR_MISSING, 422, 1, ZYD_RETRY_LATER, \
      "工作日历没有该年度", "The working-day calendar does not cover the year", \
      "由治理程序补充日历", "Add the year to the calendar by governance") \
    X(9114, 'E', PENDING, 202, 0, ZYD_RETRY_NEVER, \
      "已受理，等待其他机构会签", "Accepted; waits for countersigners", \
      "由列出的机构会签（zyd contract countersign）", "The institutions listed countersign (zyd contract countersign)") \
    X(9115, 'E', UNKNOWN_OBJECT, 404, 1, ZYD_RETRY_AFTER_FIX, \
      "找不到该对象", "No such object", \
      "核对编号", "Check the id") \
    X(9120, 'E', FUEL, 422, 1, ZYD_RETRY_NEVER, \
      "合约程序超出计算额度", "The contract ran out of fuel", \
      "联系合约维护方", "Tell the maintainer of the contract") \
    X(9121, 'E', MEMORY, 422, 1, ZYD_RETRY_NEVER, \
      "合约程序越界访问内存", "The contract went out of its memory", \
      "联系合约维护方", "Tell the maintainer of the contract") \
    X(9122, 'E', INSTRUCTION, 422, 1, ZYD_RETRY_NEVER, \
      "合约程序执行了非法指令", "The contract ran an illegal instruction", \
      "联系合约维护方", "Tell the maintainer of the contract") \
    X(9123, 'E', LIMIT, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "超过单次操作的限额", "A limit of one operation was exceeded", \
      "拆分为较小的操作", "Split it into smaller operations") \
    X(9124, 'E', BAD_RETURN, 422, 1, ZYD_RETRY_NEVER, \
      "合约程序返回值不合规", "The contract returned nonsense", \
      "联系合约维护方", "Tell the maintainer of the contract") \
    X(9125, 'E', ABORT, 422, 1, ZYD_RETRY_NEVER, \
      "合约程序中止", "The contract aborted", \
      "联系合约维护方", "Tell the maintainer of the contract") \
    X(9126, 'E', ENVELOPE_FUEL, 422, 1, ZYD_RETRY_LATER, \
      "信封内操作过多，此操作未执行", "The envelope held too much work: this operation was not run", \
      "把未执行的操作放入新信封重新提交", "Send the operations that were not run in another envelope") \
    X(9127, 'E', BAD_PLUGIN, 422, 1, ZYD_RETRY_AFTER_FIX, \
      "合约程序不符合其哈希或虚拟机格式", "The contract's image is not that of its hash, or no image that the machine takes", \
      "用 zyd 重新编译合约并核对 SHA-256", "Build the contract again and compare its SHA-256")
/* clang-format on */

#endif
