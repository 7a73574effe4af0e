// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";
import {SnapshotCode} from "../libraries/SnapshotCode.sol";
import {AiConsumer} from "./AiConsumer.sol";
import {AskerPays} from "./AskerPays.sol";
import {ModelText} from "./ModelText.sol";
import {SvgShapes} from "./SvgShapes.sol";

/// @title Example: tokens whose pictures a committee's model draws
/// @notice The minter pays for the question. What comes back is kept if it is a drawing by the grammar of `SvgShapes`, which
///         holds nothing but shapes; otherwise the token keeps its placeholder, and its owner may ask again for another fee.
///         A picture never changes. A pending picture belongs to the token, whoever owns it when it comes.
contract GenerativeNft is ERC721, AskerPays {
    /// @param requestId the open question about the picture; zero if there is none
    /// @param theme as the minter gave it
    /// @param drawing contract whose code is a STOP byte and the drawing; zero while there is none
    struct Picture {
        bytes32 requestId;
        address drawing;
        string theme;
    }

    /// @notice Longest theme, in bytes.
    uint256 public constant MAX_THEME = 64;
    /// @notice Longest drawing, in bytes.
    uint256 public constant MAX_DRAWING = 2_048;
    /// @dev Half again what the longest drawing was measured to use.
    uint24 private constant CALLBACK_GAS = 1_600_000;

    string private constant HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">';
    string private constant TAIL = "</svg>";
    string private constant PLACEHOLDER = '<rect width="100" height="100" fill="silver"/>';

    /// @notice The message is `before`, the theme between quotes, and `afterwards`.
    string public before;
    string public afterwards;
    uint96 public tokenCount;
    mapping(uint256 tokenId => Picture picture) private _pictures;

    event PictureAsked(uint256 indexed tokenId, bytes32 indexed requestId, string theme);
    event PictureDrawn(uint256 indexed tokenId, bytes32 indexed requestId, uint256 length);
    /// @notice The token keeps its placeholder; its owner may ask again.
    event PictureMissed(uint256 indexed tokenId, bytes32 indexed requestId);

    /// @notice Only the token's owner, or whom it approved, asks again.
    error NotTokenOwner(uint256 tokenId, address caller);
    /// @notice A question about the picture is open; wait for its answer, or `close` it.
    error PicturePending(uint256 tokenId, bytes32 requestId);
    /// @notice A picture never changes.
    error AlreadyDrawn(uint256 tokenId);

    /// @param beneficiary_ gets what is left of fees
    /// @param terms_ of a question; the gas of the callback is set here
    /// @param fee_ at least what a question can cost
    /// @param before_ own words before the theme, the task among them; not a brace at first
    /// @param afterwards_ own words after it
    constructor(
        IRequestEscrow escrow_,
        address beneficiary_,
        RequestParams memory terms_,
        uint256 fee_,
        string memory before_,
        string memory afterwards_
    )
        ERC721("Committee drawings", "DRAWN")
        AiConsumer(escrow_, _withGas(terms_, CALLBACK_GAS))
        AskerPays(beneficiary_, fee_)
    {
        require(bytes(before_).length != 0 && bytes(before_)[0] != "{", NotAMessage());
        (before, afterwards) = (before_, afterwards_);
    }

    /// @notice Mints a token to the caller, who pays the fee, and asks for its picture. The caller is not asked whether it
    ///         can hold tokens.
    /// @param theme 1 to 64 bytes: letters, digits, spaces and ordinary marks; see `ModelText.quote`
    function mint(string calldata theme) external returns (uint256 tokenId) {
        tokenId = ++tokenCount;
        _mint(msg.sender, tokenId);
        _pictures[tokenId].theme = theme;
        _draw(tokenId, theme);
    }

    /// @notice Asks once more for a picture that was missed, about the same theme. By the token's owner or an approved
    ///         account, which pays the fee.
    function askAgain(uint256 tokenId) external {
        address owner = _requireOwned(tokenId);
        require(_isAuthorized(owner, msg.sender, tokenId), NotTokenOwner(tokenId, msg.sender));
        Picture storage picture = _pictures[tokenId];
        require(picture.drawing == address(0), AlreadyDrawn(tokenId));
        require(picture.requestId == 0, PicturePending(tokenId, picture.requestId));
        _draw(tokenId, picture.theme);
    }

    /// @notice The picture as an SVG document.
    function svgOf(uint256 tokenId) public view returns (string memory) {
        _requireOwned(tokenId);
        address drawing = _pictures[tokenId].drawing;
        bytes memory shapes = bytes(PLACEHOLDER);
        if (drawing != address(0)) shapes = _codeAfterStop(drawing);
        return string(bytes.concat(bytes(HEAD), shapes, bytes(TAIL)));
    }

    /// @notice The question, theme and drawing of a token.
    function pictureOf(uint256 tokenId) external view returns (Picture memory) {
        return _pictures[tokenId];
    }

    /// @inheritdoc ERC721
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        // neither the theme nor any other word of a stranger's stands in the document outside of the base64
        string memory image = Base64.encode(bytes(svgOf(tokenId)));
        string memory name = string.concat("Committee drawing #", Strings.toString(tokenId));
        bytes memory json = bytes.concat(
            '{"name":"',
            bytes(name),
            '","image":"data:image/svg+xml;base64,',
            bytes(image),
            '"}'
        );
        return string.concat("data:application/json;base64,", Base64.encode(json));
    }

    function _draw(uint256 tokenId, string memory theme) private {
        bytes memory message = bytes.concat(bytes(before), ModelText.quote(theme, MAX_THEME), bytes(afterwards));
        // token ids count from 1 in 96 bits
        (bytes32 requestId, ) = _paidQuestion(uint96(tokenId), message, 0);
        _pictures[tokenId].requestId = requestId;
        emit PictureAsked(tokenId, requestId, theme);
    }

    /// @inheritdoc AiConsumer
    function _onText(bytes32 requestId, Question memory question, bytes calldata text) internal override {
        Picture storage picture = _pictures[question.subject];
        if (picture.requestId != requestId) return; // another question is open about it
        delete picture.requestId;
        if (text.length > MAX_DRAWING || !SvgShapes.isDrawing(text)) {
            emit PictureMissed(question.subject, requestId);
            return;
        }
        picture.drawing = SnapshotCode.create(bytes.concat(hex"00", text));
        emit PictureDrawn(question.subject, requestId, text.length);
    }

    /// @inheritdoc AiConsumer
    function _onNoAnswer(bytes32 requestId, Question memory question, bool) internal override {
        Picture storage picture = _pictures[question.subject];
        if (picture.requestId == requestId) delete picture.requestId;
        emit PictureMissed(question.subject, requestId);
    }

    /// @dev The drawing in the code of a contract that `_onText` made.
    function _codeAfterStop(address drawing) private view returns (bytes memory shapes) {
        uint256 length = drawing.code.length - 1; // the code has at least its STOP byte
        shapes = new bytes(length);
        assembly ("memory-safe") {
            extcodecopy(drawing, add(shapes, 0x20), 1, length) // within the array
        }
    }
}
